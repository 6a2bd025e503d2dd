using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// The deterministic DDIM walk upward, from an image to the noise that generates it (Song et al. 2021, section 4.3).
/// </summary>
/// <remarks>
/// The same list of steps as downward. Going from s up to t the network is asked at t, as the step back asks it, with x still at
/// the level of s: the walk down then undoes the walk up but for the change of x within a step.
/// </remarks>
internal static class DdimInversion
{
    /// <summary>One step from the noise level <paramref name="alphaBar"/> to the higher one <paramref name="alphaBarNext"/>.</summary>
    /// <param name="x">x before the step, [N, C, H, W].</param>
    /// <param name="noise">The epsilon that the network sees in it.</param>
    /// <param name="alphaBar">alpha-bar of x before the step.</param>
    /// <param name="alphaBarNext">alpha-bar of x after the step.</param>
    /// <param name="clipping">What happens to the x_0 in between; only replays of other libraries clip it.</param>
    public static Tensor Step(Tensor x, Tensor noise, double alphaBar, double alphaBarNext, Clipping clipping)
    {
        var predictedX0 = clipping.Apply((x - (Math.Sqrt(1 - alphaBar) * noise)) / Math.Sqrt(alphaBar));
        return (Math.Sqrt(alphaBarNext) * predictedX0) + (Math.Sqrt(1 - alphaBarNext) * noise);
    }

    /// <summary>Walks <paramref name="steps"/> upward from the images <paramref name="x0"/>, which stay the caller's.</summary>
    /// <returns>x at the noisiest level of the run, [N, C, H, W].</returns>
    public static Tensor Encode(Denoiser denoiser, Tensor x0, IReadOnlyList<SamplingStep> steps, CancellationToken cancellationToken)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var x = x0;
        foreach (var step in steps.Reverse())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var noise = denoiser.Denoise(x, step.Timestep, step.AlphaBar).Noise;
            x = scope.DisposeEverythingBut(Step(x, noise, step.AlphaBarPrevious, step.AlphaBar, Clipping.None));
        }

        return x.MoveToOuterDisposeScope();
    }
}
