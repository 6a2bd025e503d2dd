using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Runs of the library's samplers on a perfect network, and what came out of them.</summary>
internal static class ExactRun
{
    /// <summary>A perfect network for data of a mixture: it is told the time alone, as a trained one is.</summary>
    public static Denoiser Denoiser(GaussianMixture mixture, NoiseSchedule schedule)
    {
        var levels = new LevelTable(schedule);
        return new Denoiser((x, timestep) => mixture.OriginalSample(x, levels.AlphaBar(timestep)), PredictionType.Sample, Clipping.None);
    }

    /// <summary>Draws samples from pure noise.</summary>
    /// <returns>[N, 2, 1, 1] in double.</returns>
    public static Tensor Sample(Sampler sampler, GaussianMixture mixture, NoiseSchedule schedule, int count, NoiseSource noise)
    {
        using var scope = NewDisposeScope();
        var start = noise.Next(zeros(count, 2, 1, 1, ScalarType.Float64));
        return sampler.Sample(Denoiser(mixture, schedule), start, SamplingStep.Reverse(sampler.Timesteps, schedule), noise)
            .MoveToOuterDisposeScope();
    }

    /// <summary>The Kolmogorov-Smirnov distance of samples to the data on an axis: the largest difference of the two distribution functions.</summary>
    public static double Distance(Tensor samples, GaussianMixture mixture, int axis)
    {
        using var scope = NewDisposeScope();
        var sorted = samples.select(1, axis).flatten().sort(0).Values;
        var (expected, count) = (mixture.Distribution(sorted, axis), sorted.shape[0]);
        var below = arange(count, ScalarType.Float64) / count;
        return Math.Max((expected - below).max().item<double>(), (below + (1.0 / count) - expected).max().item<double>());
    }

    /// <summary>The larger of the distances on the two axes.</summary>
    public static double Distance(Tensor samples, GaussianMixture mixture) =>
        Math.Max(Distance(samples, mixture, 0), Distance(samples, mixture, 1));

    /// <summary>Root of the mean over points of the squared distance between two sets.</summary>
    public static double RootMeanSquare(Tensor first, Tensor second)
    {
        using var scope = NewDisposeScope();
        return Math.Sqrt((first - second).square().sum(1).mean().item<double>());
    }

    /// <summary>The standard deviation of samples around the mode that each is nearest to, on the mean axis.</summary>
    public static double DeviationWithinModes(Tensor samples, GaussianMixture mixture)
    {
        using var scope = NewDisposeScope();
        var distances =
            mixture.Means.Select(mean => (samples - tensor(new[] { mean.X, mean.Y }).reshape(1, 2, 1, 1)).square().sum(1).flatten());
        return Math.Sqrt(stack(distances).min(0).values.mean().item<double>() / 2);
    }

    /// <summary>The slope of a straight line through the logarithms: -2 where the error is divided by four when the steps are doubled.</summary>
    public static double Slope(IReadOnlyList<int> steps, IReadOnlyList<double> errors)
    {
        double[] x = [.. steps.Select(count => Math.Log(count))], y = [.. errors.Select(error => Math.Log(error))];
        var (meanX, meanY) = (x.Average(), y.Average());
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
    }
}
