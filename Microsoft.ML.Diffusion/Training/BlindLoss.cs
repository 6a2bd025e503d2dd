using Microsoft.ML.Diffusion.Data.Training;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>The losses of two networks that do not look at x_t: what a training begins at, and what one that fails may come to.</summary>
/// <param name="OfZero">That of a network that always predicts 0, as each does at first, since the last layer starts from zeros.</param>
/// <param name="OfMean">
/// That of one that says the same of all images, the best there is at each timestep: of x_0 their mean. With bright images that is far
/// lower, though nothing is learned of any one.
/// </param>
internal readonly record struct BlindLoss(double OfZero, double OfMean)
{
    private const int MostImages = 256;

    /// <summary>Those of L_simple; null for other losses, whose terms of the bound have no such measure.</summary>
    /// <param name="run">What is trained: of many images, some are looked at.</param>
    public static BlindLoss? Of(TrainingRun run)
    {
        if (run.Options.LossFor(run.Model.Variance) != TrainingLoss.Simple)
        {
            return null;
        }

        var diffusion = new GaussianDiffusion(run.Model.Schedule, run.Model.Prediction);
        var (meanSquare, variance) = Moments(run.Images);
        return new(Of(diffusion, run.Options.SnrWeights, meanSquare), Of(diffusion, run.Options.SnrWeights, variance));
    }

    /// <summary>The mean, over all timesteps, of the weighted squared error of what knows x_0 but for a remainder, and no noise.</summary>
    /// <param name="diffusion">The forward process and what is predicted.</param>
    /// <param name="weights">The weights; null for none.</param>
    /// <param name="meanSquare">The mean square of the remainder: of x_0 itself where nothing is known.</param>
    public static double Of(GaussianDiffusion diffusion, MinimumSnr? weights, double meanSquare)
    {
        var (schedule, sum) = (diffusion.Schedule, 0.0);
        for (var t = 0; t < schedule.NumberOfTrainingTimesteps; t++)
        {
            var (ofNoise, ofOriginal) = diffusion.TargetScales(t);
            var weight = weights?.Weight(diffusion.Prediction, schedule.SignalToNoiseRatio[t]) ?? 1;
            sum += weight * ((ofNoise * ofNoise) + (ofOriginal * ofOriginal * meanSquare));
        }

        return sum / schedule.NumberOfTrainingTimesteps;
    }

    // The mean square of the pixels, and that of their distances from the mean image; of images as they are, without augmentation.
    private static (double MeanSquare, double Variance) Moments(TrainingSet images)
    {
        var count = Math.Min(images.Count, MostImages);
        var (sums, squares) = (new double[images.Shape.PixelCount], 0.0);
        for (var i = 0; i < count; i++)
        {
            foreach (var (pixel, value) in images.Batch([(int)((long)i * images.Count / count)]).Index())
            {
                sums[pixel] += value;
                squares += (double)value * value;
            }
        }

        var meanSquare = squares / count / sums.Length;
        return (meanSquare, Math.Max(0, meanSquare - sums.Average(sum => sum / count * (sum / count))));
    }
}
