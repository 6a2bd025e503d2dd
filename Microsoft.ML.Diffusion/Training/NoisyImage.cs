namespace Microsoft.ML.Diffusion.Training;

/// <summary>An image of which a loss is taken.</summary>
/// <typeparam name="T">Single, or Double where formulas are compared.</typeparam>
/// <param name="original">x_0, [C][H][W] in [-1, 1].</param>
/// <param name="noise">The noise in x_t, as many numbers.</param>
/// <param name="noisy">x_t, as many numbers.</param>
/// <param name="timestep">t, in 0..T-1.</param>
internal readonly ref struct NoisyImage<T>(ReadOnlySpan<T> original, ReadOnlySpan<T> noise, ReadOnlySpan<T> noisy, int timestep)
{
    /// <summary>x_0.</summary>
    public ReadOnlySpan<T> Original { get; } = original;

    /// <summary>The noise in x_t.</summary>
    public ReadOnlySpan<T> Noise { get; } = noise;

    /// <summary>x_t.</summary>
    public ReadOnlySpan<T> Noisy { get; } = noisy;

    /// <summary>t.</summary>
    public int Timestep { get; } = timestep;
}
