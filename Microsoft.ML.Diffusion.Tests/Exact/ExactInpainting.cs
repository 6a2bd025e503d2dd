using Microsoft.ML.Diffusion.Samplers;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Data of the mixture whose first number is kept and whose second is painted anew, where what it should be is known.</summary>
internal static class ExactInpainting
{
    /// <summary>The number kept: as far from the second mode as from the third, which is therefore 0.4 likely.</summary>
    public const double Known = 0.3;

    private static readonly GaussianMixture _mixture = GaussianMixture.Three;

    /// <summary>How likely the third mode is, exactly.</summary>
    public static double ExactShare => _mixture.ModesGivenFirst(Known)[2];

    /// <summary>Paints.</summary>
    /// <returns>The share of the third mode, and the Kolmogorov-Smirnov distance of the second number to its distribution given the first.</returns>
    public static (double Share, double Distance) Paint(Sampler sampler, int resamplings, int jumpLength, int count, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var noise = new BatchNoise(seed);
        var schedule = NoiseSchedule.Cosine();
        var original = full([count, 2, 1, 1], Known, ScalarType.Float64);
        var painted = tensor(new[] { false, true }).reshape(1, 2, 1, 1).expand(count, 2, 1, 1);
        var run = new Inpainting(sampler, SamplingStep.Reverse(sampler.Timesteps, schedule), resamplings, jumpLength);

        var second = run.Sample(ExactRun.Denoiser(_mixture, schedule), original, painted, noise, null, CancellationToken.None).select(1, 1);

        var middle = (_mixture.Means[1].Y + _mixture.Means[2].Y) / 2;
        return (
            (second > middle).to(ScalarType.Float64).mean().item<double>(),
            ExactRun.Distance(second.reshape(-1, 1, 1, 1), Conditional, axis: 0));
    }

    // The second number given the first, as the first axis of a mixture.
    private static GaussianMixture Conditional { get; } =
        new(_mixture.ModesGivenFirst(Known), [.. _mixture.Means.Select(mean => (mean.Y, 0.0))], [.. _mixture.Deviations]);
}
