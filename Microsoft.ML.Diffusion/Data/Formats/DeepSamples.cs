namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>Colours and alpha of interleaved numbers.</summary>
internal static class DeepSamples
{
    /// <summary>Takes [H, W, samples] apart.</summary>
    /// <param name="values">The numbers.</param>
    /// <param name="samples">Numbers a pixel.</param>
    /// <param name="channels">How many of them, the first ones, are colours.</param>
    /// <param name="alphaAt">Which one is alpha; -1 for none.</param>
    /// <param name="white">The number of full alpha.</param>
    public static (float[] Colors, float[]? Alpha) Split(float[] values, int samples, int channels, int alphaAt, double white)
    {
        var pixels = values.Length / samples;
        var colors = new float[pixels * channels];
        var alpha = alphaAt < 0 ? null : new float[pixels];
        for (var i = 0; i < pixels; i++)
        {
            var pixel = values.AsSpan(i * samples, samples);
            pixel[..channels].CopyTo(colors.AsSpan(i * channels));
            if (alpha is not null)
            {
                alpha[i] = (float)Math.Clamp(pixel[alphaAt] / white, 0, 1);
            }
        }

        return (colors, alpha);
    }
}
