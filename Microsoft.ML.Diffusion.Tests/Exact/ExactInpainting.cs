using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

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
    public static (double Share, double Distance) Paint(Sampler sampler, int resamplings, int jumpLength, int count, long seed)
    {
        var schedule = NoiseSchedule.Cosine();
        bool[] painted = [false, true];
        var run = new Inpainting(sampler, SamplingStep.Reverse(sampler.Timesteps, schedule), resamplings, jumpLength);

        double[] second =
            ExactRun.Axis(
                run.Sample(
                    ExactRun.Denoiser(_mixture, schedule),
                    Batches.Filled(count, 2, Known),
                    [.. Enumerable.Repeat(painted, count)],
                    new BatchNoise(seed),
                    null,
                    CancellationToken.None),
                1);

        var middle = (_mixture.Means[1].Y + _mixture.Means[2].Y) / 2;
        return (second.Count(value => value > middle) / (double)count, ExactRun.Distance(second, Conditional, axis: 0));
    }

    // The second number given the first, as the first axis of a mixture.
    private static GaussianMixture Conditional { get; } =
        new(_mixture.ModesGivenFirst(Known), [.. _mixture.Means.Select(mean => (mean.Y, 0.0))], [.. _mixture.Deviations]);
}
