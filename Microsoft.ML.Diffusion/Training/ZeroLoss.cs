using Microsoft.ML.Diffusion.Data.Training;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>The loss of a network that always predicts 0: what a training begins at, since the last layer starts from zeros.</summary>
internal static class ZeroLoss
{
    private const int MostImages = 256;

    /// <summary>That of L_simple; null for other losses, whose terms of the bound have no such measure.</summary>
    /// <param name="run">What is trained: of many images, some are looked at.</param>
    public static double? Of(TrainingRun run)
    {
        var isSimple = run.Options.LossFor(run.Model.Variance) == TrainingLoss.Simple;
        var diffusion = new GaussianDiffusion(run.Model.Schedule, run.Model.Prediction);
        return isSimple ? Of(diffusion, run.Options.MinimumSnrGamma, MeanSquare(run.Images)) : null;
    }

    /// <summary>The mean over all timesteps of the weighted square of the target, whose noise and image are independent.</summary>
    /// <param name="diffusion">The forward process and what is predicted.</param>
    /// <param name="minimumSnrGamma">Gamma of the weights; null for none.</param>
    /// <param name="meanSquare">The mean square of x_0.</param>
    public static double Of(GaussianDiffusion diffusion, double? minimumSnrGamma, double meanSquare)
    {
        var (schedule, sum) = (diffusion.Schedule, 0.0);
        for (var t = 0; t < schedule.NumberOfTrainingTimesteps; t++)
        {
            var (ofNoise, ofOriginal) = diffusion.TargetScales(t);
            var weight = minimumSnrGamma is { } gamma ? MinimumSnr.Weight(diffusion.Prediction, schedule.SignalToNoiseRatio[t], gamma) : 1;
            sum += weight * ((ofNoise * ofNoise) + (ofOriginal * ofOriginal * meanSquare));
        }

        return sum / schedule.NumberOfTrainingTimesteps;
    }

    private static double MeanSquare(TrainingSet images)
    {
        var count = Math.Min(images.Count, MostImages);
        var sum = 0.0;
        for (var i = 0; i < count; i++)
        {
            var pixels = images.Batch([(int)((long)i * images.Count / count)]);
            sum += pixels.Average(pixel => (double)pixel * pixel);
        }

        return sum / count;
    }
}
