using System.Numerics;
using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>The mean squared error of a prediction, which most training consists of: computed in double at the width of the processor.</summary>
internal static class SquaredError
{
    private const int Block = 256; // numbers, which the stack and the nearest cache hold easily

    /// <summary>The mean of (prediction - target)^2.</summary>
    /// <typeparam name="T">Single or Double.</typeparam>
    /// <param name="image">What the target is made of.</param>
    /// <param name="target">The shares of noise and x_0 in it.</param>
    /// <param name="prediction">The prediction.</param>
    /// <param name="factor">Of the gradient.</param>
    /// <param name="gradient">The gradient with respect to the prediction, times the factor, to be written; empty where it is not needed.</param>
    public static double Mean<T>(
        NoisyImage<T> image,
        (double OfNoise, double OfOriginal) target,
        ReadOnlySpan<T> prediction,
        double factor,
        Span<T> gradient)
        where T : IFloatingPointIeee754<T>
    {
        Span<double> difference = stackalloc double[Block], part = stackalloc double[Block];
        var sum = 0.0;
        for (var first = 0; first < prediction.Length; first += Block)
        {
            var count = Math.Min(Block, prediction.Length - first);
            var here = difference[..count];
            TensorPrimitives.ConvertTruncating(prediction.Slice(first, count), here);
            Add(image.Noise.Slice(first, count), -target.OfNoise, here, part[..count]);
            Add(image.Original.Slice(first, count), -target.OfOriginal, here, part[..count]);
            sum += TensorPrimitives.SumOfSquares<double>(here);
            if (!gradient.IsEmpty)
            {
                TensorPrimitives.Multiply(here, 2 * factor / prediction.Length, here);
                TensorPrimitives.ConvertTruncating<double, T>(here, gradient.Slice(first, count));
            }
        }

        return sum / prediction.Length;
    }

    private static void Add<T>(ReadOnlySpan<T> values, double share, Span<double> sums, Span<double> widened)
        where T : IFloatingPointIeee754<T>
    {
        if (share != 0)
        {
            TensorPrimitives.ConvertTruncating(values, widened);
            TensorPrimitives.MultiplyAdd(widened, share, sums, sums);
        }
    }
}
