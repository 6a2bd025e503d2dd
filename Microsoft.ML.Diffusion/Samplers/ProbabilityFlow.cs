namespace Microsoft.ML.Diffusion.Samplers;

/// <summary>
/// The ordinary differential equation whose solutions have the same distribution at every noise level as the diffusion (Song et al. 2021,
/// score-based generative modeling): with z = x / sqrt(alpha-bar) and sigma = sqrt((1 - alpha-bar) / alpha-bar), dz/dsigma is the noise
/// in z, (z - x_0) / sigma, at the predicted x_0 (Karras et al. 2022).
/// </summary>
/// <remarks>Everything is computed on x itself, which stays near the size of an image where z and sigma reach thousands.</remarks>
internal static class ProbabilityFlow
{
    /// <summary>One step along the slope at its start: DDIM's step, written with x and x_0.</summary>
    /// <param name="x">x before the step.</param>
    /// <param name="x0">The predicted x_0.</param>
    /// <param name="alphaBar">alpha-bar of x.</param>
    /// <param name="alphaBarNext">alpha-bar after the step.</param>
    public static ImageBatch Euler(ImageBatch x, ImageBatch x0, double alphaBar, double alphaBarNext)
    {
        var noiseRatio = Math.Sqrt((1 - alphaBarNext) / (1 - alphaBar));
        return ImageBatch.Sum((noiseRatio, x), (Math.Sqrt(alphaBarNext) - (noiseRatio * Math.Sqrt(alphaBar)), x0));
    }

    /// <summary>dz/dsigma: the noise that x holds if its clean image is <paramref name="x0"/>.</summary>
    public static ImageBatch Slope(ImageBatch x, ImageBatch x0, double alphaBar) =>
        ImageBatch.Quotient(Math.Sqrt(1 - alphaBar), (1, x), (-Math.Sqrt(alphaBar), x0));
}
