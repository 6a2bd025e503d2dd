using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Runs of the library's samplers on a perfect network, and what came out of them.</summary>
internal static class ExactRun
{
    /// <summary>A perfect network for data of a mixture: it is told the time alone, as a trained one is.</summary>
    public static Denoiser Denoiser(GaussianMixture mixture, NoiseSchedule schedule)
    {
        var levels = new LevelTable(schedule);
        return new Denoiser((x, timestep) => mixture.OriginalSample(x, levels.AlphaBar(timestep)), PredictionType.Sample, Clipping.None)
        {
            Levels = new(() => levels),
        };
    }

    /// <summary>Draws samples from pure noise.</summary>
    /// <returns>N of 2 numbers.</returns>
    public static Batch Sample(Sampler sampler, GaussianMixture mixture, NoiseSchedule schedule, int count, NoiseSource noise) =>
        sampler.Sample(Denoiser(mixture, schedule), noise.Next(count, 2), SamplingStep.Reverse(sampler.Timesteps, schedule), noise);

    /// <summary>The numbers of samples on an axis.</summary>
    public static double[] Axis(Batch samples, int axis) => [.. Enumerable.Range(0, samples.Count).Select(i => samples[i][axis])];

    /// <summary>The Kolmogorov-Smirnov distance of numbers to the data on an axis: the largest difference of the two distribution functions.</summary>
    public static double Distance(double[] numbers, GaussianMixture mixture, int axis)
    {
        var sorted = numbers.Order().ToArray();
        return sorted.Select((value, i) =>
        {
            var (expected, below) = (mixture.Distribution(value, axis), (double)i / sorted.Length);
            return Math.Max(expected - below, below + (1.0 / sorted.Length) - expected);
        }).Max();
    }

    /// <summary>The larger of the distances on the two axes.</summary>
    public static double Distance(Batch samples, GaussianMixture mixture) =>
        Math.Max(Distance(Axis(samples, 0), mixture, 0), Distance(Axis(samples, 1), mixture, 1));

    /// <summary>Root of the mean over points of the squared distance between two sets.</summary>
    public static double RootMeanSquare(Batch first, Batch second) =>
        Math.Sqrt(Batch.Sum((1, first), (-1, second)).Values.Sum(difference => difference * difference) / first.Count);

    /// <summary>The standard deviation of samples around the mode that each is nearest to, on the mean axis.</summary>
    public static double DeviationWithinModes(Batch samples, GaussianMixture mixture)
    {
        var (x, y) = (Axis(samples, 0), Axis(samples, 1));
        return Math.Sqrt(x.Zip(y, (x, y) => mixture.Means.Min(mean => Square(x - mean.X) + Square(y - mean.Y))).Average() / 2);
    }

    /// <summary>The slope of a straight line through the logarithms: -2 where the error is divided by four when the steps are doubled.</summary>
    public static double Slope(IReadOnlyList<int> steps, IReadOnlyList<double> errors)
    {
        double[] x = [.. steps.Select(count => Math.Log(count))], y = [.. errors.Select(error => Math.Log(error))];
        var (meanX, meanY) = (x.Average(), y.Average());
        return x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
    }

    private static double Square(double value) => value * value;
}
