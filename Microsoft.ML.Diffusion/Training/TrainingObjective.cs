using System.Numerics;
using Microsoft.ML.Diffusion.DiffusionProcess;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>The loss of an image and its parts.</summary>
/// <param name="Loss">What is minimized.</param>
/// <param name="SquaredError">Mean squared error of the prediction, before any weight; null for L_vlb.</param>
/// <param name="Variational">Term of L_vlb in bits per dimension, before any weight; null for L_simple.</param>
internal readonly record struct LossTerms(double Loss, double? SquaredError, double? Variational);

/// <summary>The loss of each image and its gradient with respect to what the network says of it, in closed form.</summary>
/// <param name="diffusion">The forward process, and what the network predicts of it.</param>
/// <param name="loss">Which loss.</param>
/// <param name="variance">The variance of the reverse step that L_vlb judges.</param>
internal sealed class TrainingObjective(GaussianDiffusion diffusion, TrainingLoss loss, DdpmVariance variance)
{
    private readonly ReverseProcess _reverse = new(diffusion, variance);

    /// <summary>Lambda of the hybrid loss: the share of L_vlb, whose sum over t each image estimates by T times its term.</summary>
    public double VariationalWeight { get; init; } = 0.001;

    /// <summary>The weights of the squared error; null weights every timestep alike.</summary>
    public MinimumSnr? SnrWeights { get; init; }

    /// <summary>The loss of an image. All is computed in double and rounded once.</summary>
    /// <typeparam name="T">Single, or Double where formulas are compared.</typeparam>
    /// <param name="image">The image, [C][H][W].</param>
    /// <param name="output">The network's output for it, [C][H][W], or [2C][H][W] for a learned variance.</param>
    /// <param name="gradient">The gradient of the loss with respect to the output, times <paramref name="factor"/>, to be written; empty where it is not needed.</param>
    /// <param name="factor">What the gradient is multiplied by.</param>
    public LossTerms Terms<T>(NoisyImage<T> image, ReadOnlySpan<T> output, Span<T> gradient = default, double factor = 1)
        where T : IFloatingPointIeee754<T>
    {
        var allTerms = (double)diffusion.Schedule.NumberOfTrainingTimesteps;
        if (loss == TrainingLoss.Variational)
        {
            var bits = Bound(image, output, gradient, factor * allTerms, isMeanFrozen: false);
            return new LossTerms(allTerms * bits, null, bits);
        }

        var count = image.Original.Length;
        var weight = SnrWeights?.Weight(diffusion.Prediction, diffusion.Schedule.SignalToNoiseRatio[image.Timestep]) ?? 1;
        var target = diffusion.TargetScales(image.Timestep);
        var squaredError =
            SquaredError.Mean(image, target, output[..count], factor * weight, gradient.IsEmpty ? [] : gradient[..count]);
        if (loss == TrainingLoss.Simple)
        {
            gradient[Math.Min(count, gradient.Length)..].Clear();
            return new LossTerms(weight * squaredError, squaredError, null);
        }

        var term = Bound(image, output, gradient, factor * VariationalWeight * allTerms, isMeanFrozen: true);
        return new LossTerms((weight * squaredError) + (VariationalWeight * allTerms * term), squaredError, term);
    }

    // The gradient of L_vlb in the hybrid loss stops at the mean: it reaches the variance alone.
    private double Bound<T>(NoisyImage<T> image, ReadOnlySpan<T> output, Span<T> gradient, double factor, bool isMeanFrozen)
        where T : IFloatingPointIeee754<T>
    {
        var (step, count, nats) = (_reverse.At(image.Timestep), image.Original.Length, 0.0);
        var scale = VariationalBound.BitsPerDimension(factor, count);
        var (ofMean, ofLogVariance) =
            (scale * step.MeanOfOriginal * step.OriginalOfPrediction, scale * step.LogVarianceOfInterpolation);
        for (var i = 0; i < count; i++)
        {
            var noisy = double.CreateTruncating(image.Noisy[i]);
            var term = VariationalBound.Pixel(
                step,
                double.CreateTruncating(image.Original[i]),
                noisy,
                step.Original(noisy, double.CreateTruncating(output[i])),
                step.IsLearned ? double.CreateTruncating(output[count + i]) : 1);
            nats += term.Value;
            if (gradient.IsEmpty)
            {
                continue;
            }

            if (!isMeanFrozen)
            {
                gradient[i] = T.CreateTruncating(ofMean * term.OfMean);
            }

            if (step.IsLearned)
            {
                gradient[count + i] = T.CreateTruncating(ofLogVariance * term.OfLogVariance);
            }
        }

        return VariationalBound.BitsPerDimension(nats, count);
    }
}
