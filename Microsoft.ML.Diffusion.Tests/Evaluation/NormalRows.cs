namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>Rows of independent normal numbers, always the same ones for a seed.</summary>
internal sealed class NormalRows(int seed)
{
    private readonly Random _random = new(seed);

    public double Next() => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    public float[][] Next(int count, int features, double shift = 0, double scale = 1) =>
    [
        .. Enumerable.Range(0, count).Select(
            _ => Enumerable.Range(0, features).Select(_ => (float)(shift + (scale * Next()))).ToArray()),
    ];
}
