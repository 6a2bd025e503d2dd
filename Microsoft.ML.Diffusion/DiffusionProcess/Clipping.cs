using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>What a sampler does with a predicted x_0 that leaves the range of images.</summary>
public sealed partial record Clipping
{
    private Clipping(ClippingKind kind, double range)
    {
        Kind = kind;
        Range = range;
    }

    /// <summary>Gets the choice that leaves predictions as they are.</summary>
    public static Clipping None { get; } = new(ClippingKind.None, 1);

    /// <summary>
    /// Gets a value indicating whether epsilon stays as the network predicted it. By default it is derived again from the clipped x_0, so that
    /// x_t = sqrt(alpha-bar) x_0 + sqrt(1 - alpha-bar) epsilon still holds.
    /// </summary>
    public bool KeepPredictedNoise { get; init; }

    /// <summary>The kind of clipping, as saved models name it.</summary>
    internal ClippingKind Kind { get; }

    /// <summary>Half the width of the allowed range; for dynamic thresholding, the largest threshold.</summary>
    internal double Range { get; }

    /// <summary>The quantile of |x_0| that dynamic thresholding uses, in (0, 1].</summary>
    internal double Ratio { get; init; } = 0.995;

    /// <summary>Clamps the predicted x_0 to [-range, range].</summary>
    /// <param name="range">Half the width, above 0; images are in [-1, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="range"/> is not a positive number.</exception>
    public static Clipping Static(double range = 1) => new(ClippingKind.Static, Positive(range, nameof(range)));

    /// <summary>
    /// Clamps each predicted x_0 to [-s, s] and divides it by s, where s is a quantile of its absolute values, at least 1
    /// (Saharia et al. 2022, section 2.3).
    /// </summary>
    /// <param name="ratio">The quantile, in (0, 1].</param>
    /// <param name="maximum">Upper bound of s, at least 1; the default leaves s unbounded.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public static Clipping Dynamic(double ratio = 0.995, double maximum = double.PositiveInfinity)
    {
        if (!(ratio > 0 && ratio <= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(ratio),
                ratio,
                "ratio must be in (0, 1], because it is a quantile of the absolute pixel values.");
        }

        if (!(maximum >= 1))
        {
            throw new ArgumentOutOfRangeException(
                nameof(maximum),
                maximum,
                "maximum must be at least 1, because images are in [-1, 1] and the threshold is never below 1.");
        }

        return new Clipping(ClippingKind.Dynamic, maximum) { Ratio = ratio };
    }

    /// <inheritdoc/>
    public override string ToString() => Kind switch
    {
        ClippingKind.None => "no clipping",
        ClippingKind.Static => string.Create(CultureInfo.InvariantCulture, $"x_0 clipped to [-{Range}, {Range}]"),
        _ => string.Create(CultureInfo.InvariantCulture, $"dynamic thresholding at quantile {Ratio}"),
    };

    /// <summary>Applies the choice to a predicted x_0.</summary>
    internal Batch Apply(Batch x0) => Kind switch
    {
        ClippingKind.None => x0,
        ClippingKind.Static => Batch.Create(x0.Count, x0.Length, (image, clipped) => Clamp(x0[image], Range, clipped)),
        _ => Batch.Create(x0.Count, x0.Length, (image, clipped) =>
        {
            var threshold = Threshold(x0[image]);
            Clamp(x0[image], threshold, clipped);
            TensorPrimitives.Divide(clipped, threshold, clipped);
        }),
    };

    private static void Clamp(ReadOnlySpan<double> values, double bound, Span<double> clamped)
    {
        TensorPrimitives.Max(values, -bound, clamped);
        TensorPrimitives.Min(clamped, bound, clamped);
    }

    // The quantile, on a straight line between the two absolute values that it lies between, and at least 1.
    private double Threshold(ReadOnlySpan<double> x0)
    {
        var sizes = new double[x0.Length];
        TensorPrimitives.Abs(x0, sizes);
        Array.Sort(sizes); // NaN first
        if (double.IsNaN(sizes[0]))
        {
            return double.NaN;
        }

        var place = Ratio * (sizes.Length - 1);
        var (lower, upper) = (sizes[(int)place], sizes[(int)Math.Ceiling(place)]);
        var quantile = lower == upper ? lower : lower + ((place - (int)place) * (upper - lower));
        return Math.Clamp(quantile, 1, Math.Min(Range, double.MaxValue));
    }

    private static double Positive(double value, string name) => value > 0 && double.IsFinite(value)
        ? value
        : throw new ArgumentOutOfRangeException(
            name,
            value,
            $"{name} must be above 0, because it is half the width of the range that images may have.");
}
