using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>The images of a batch as samplers compute with them, [N, C, H, W] in double precision: only in linear combinations.</summary>
/// <remarks>
/// It is never changed, so that a sampler may keep one. That nothing but linear combinations can be made of it keeps every image independent of the others
/// of its batch, and a step something that can be written down as a few numbers.
/// </remarks>
public sealed class ImageBatch
{
    internal ImageBatch(Batch values) => Values = values;

    /// <summary>Gets N, the number of images.</summary>
    public int Count => Values.Count;

    /// <summary>The numbers.</summary>
    internal Batch Values { get; }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Count} image{(Count == 1 ? "" : "s")} of {Values.Length} numbers");

    /// <summary>Sums batches, each times a factor, in one pass.</summary>
    /// <param name="terms">Each batch and its factor, at least one; all batches of one shape.</param>
    /// <returns>The linear combination.</returns>
    /// <exception cref="ArgumentException">There is no term, or the batches are of several shapes.</exception>
    public static ImageBatch Sum(params ReadOnlySpan<(double Factor, ImageBatch Images)> terms) => Quotient(1, terms);

    /// <summary>The sum, divided by a number; each product, sum and quotient is rounded by itself.</summary>
    internal static ImageBatch Quotient(double divisor, params ReadOnlySpan<(double Factor, ImageBatch Images)> terms)
    {
        if (terms.IsEmpty)
        {
            throw new ArgumentException("terms must name at least one batch, because the sum of none has no shape.", nameof(terms));
        }

        var all = new (double, Batch)[terms.Length];
        for (var i = 0; i < all.Length; i++)
        {
            var (factor, images) = terms[i];
            ArgumentNullException.ThrowIfNull(images, nameof(terms));
            all[i] = (factor, images.Values);
        }

        return new ImageBatch(Batch.Quotient(divisor, all));
    }
}
