namespace Microsoft.ML.Diffusion.Networks;

/// <summary>
/// [sin(t w_i), cos(t w_i)] for w_i = 10000^(-i / (half - shift)), i = 0..half-1, as the DDPM U-Net has it; the frequencies and angles are rounded to single precision, as
/// they are where such networks are trained.
/// </summary>
/// <param name="node">How many there are, and their order.</param>
internal sealed class Sinusoids(SinusoidsNode node)
{
    private readonly float[] _frequencies = FrequenciesOf(node.Shape.Channels / 2, node.FrequencyShift);

    /// <summary>w_i.</summary>
    public float[] Frequencies => [.. _frequencies];

    /// <summary>Those of a timestep.</summary>
    public void Of(float timestep, Span<float> values)
    {
        var half = _frequencies.Length;
        var sines = node.CosinesFirst ? values[half..] : values;
        var cosines = node.CosinesFirst ? values : values[half..];
        for (var i = 0; i < half; i++)
        {
            var (sine, cosine) = Math.SinCos(timestep * _frequencies[i]);
            (sines[i], cosines[i]) = ((float)sine, (float)cosine);
        }
    }

    private static float[] FrequenciesOf(int half, int shift)
    {
        var slope = (float)(-Math.Log(10000) / Math.Max(1, half - shift));
        return [.. Enumerable.Range(0, half).Select(i => (float)Math.Exp(i * slope))];
    }
}
