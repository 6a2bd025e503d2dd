using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>A batch of images, or of other numbers, as many for each: in double, which all outside of networks is computed in.</summary>
internal sealed class Batch
{
    /// <summary>A batch of zeros.</summary>
    /// <param name="count">N, the number of images.</param>
    /// <param name="length">The numbers of an image, C H W.</param>
    public Batch(int count, int length)
        : this(new double[checked(count * length)], count)
    {
    }

    /// <param name="values">The numbers, image after image, which the batch takes over.</param>
    /// <param name="count">N, the number of images.</param>
    public Batch(double[] values, int count) => (Values, Count, Length) = (values, count, count == 0 ? 0 : values.Length / count);

    /// <summary>N, the number of images.</summary>
    public int Count { get; }

    /// <summary>The numbers of an image.</summary>
    public int Length { get; }

    /// <summary>All numbers, image after image.</summary>
    public double[] Values { get; }

    /// <summary>The numbers of an image.</summary>
    public Span<double> this[int image] => Values.AsSpan(image * Length, Length);

    /// <summary>Widens single precision.</summary>
    public static Batch Of(ReadOnlySpan<float> values, int count)
    {
        var result = new Batch(new double[values.Length], count);
        TensorPrimitives.ConvertTruncating(values, result.Values.AsSpan());
        return result;
    }

    /// <summary>Rounds to single precision, to the nearest.</summary>
    public float[] ToSingle()
    {
        var values = new float[Values.Length];
        TensorPrimitives.ConvertTruncating<double, float>(Values, values); // cuts off only what turns into whole numbers
        return values;
    }

    /// <summary>Makes a batch image by image, on all cores where they have many numbers.</summary>
    /// <param name="count">N, the number of images.</param>
    /// <param name="length">The numbers of an image.</param>
    /// <param name="write">Called with each image's place and numbers, zeros at first, on any thread.</param>
    public static Batch Create(int count, int length, Action<int, Span<double>> write)
    {
        var result = new Batch(count, length);
        HostThreads.ForParts(count, result.Values.Length, (first, end) =>
        {
            for (var image = first; image < end; image++)
            {
                write(image, result[image]);
            }
        });
        return result;
    }

    /// <summary>A linear combination of batches of one shape.</summary>
    /// <param name="terms">Each batch and its factor, at least one.</param>
    public static Batch Sum(params ReadOnlySpan<(double Factor, Batch Batch)> terms) => Quotient(1, terms);

    /// <summary>A linear combination of batches of one shape, divided by a number; each product, sum and quotient is rounded by itself.</summary>
    /// <param name="divisor">The number.</param>
    /// <param name="terms">Each batch and its factor, at least one.</param>
    public static Batch Quotient(double divisor, params ReadOnlySpan<(double Factor, Batch Batch)> terms)
    {
        var all = terms.ToArray(); // a span cannot go to other threads
        var result = new Batch(all[0].Batch.Count, all[0].Batch.Length);
        foreach (var (_, batch) in all)
        {
            CheckShape(batch, result);
        }

        HostThreads.ForParts(result.Values.Length, result.Values.Length, (first, end) => Combine(result, divisor, all, first, end));
        return result;
    }

    /// <summary>Multiplies each image by a factor of its own.</summary>
    /// <param name="factors">N factors.</param>
    public Batch Times(double[] factors) =>
        Create(Count, Length, (image, product) => TensorPrimitives.Multiply(this[image], factors[image], product));

    /// <summary>The first images; the batch itself where these are all.</summary>
    public Batch Take(int count) => count == Count ? this : new Batch(Values[..(count * Length)], count);

    /// <summary>The batch and another of as long images one after another.</summary>
    public Batch Concat(Batch others)
    {
        CheckShape(others, new Batch(others.Count, Length));
        return new Batch([.. Values, .. others.Values], Count + others.Count);
    }

    /// <summary>Some of the images, in this order, copied.</summary>
    public Batch Select(ReadOnlySpan<int> images)
    {
        var result = new Batch(images.Length, Length);
        for (var i = 0; i < images.Length; i++)
        {
            this[images[i]].CopyTo(result[i]);
        }

        return result;
    }

    // In pieces that stay in the nearest cache from the first term to the last.
    private static void Combine(Batch result, double divisor, (double Factor, Batch Batch)[] terms, int first, int end)
    {
        const int Piece = 2048;
        for (; first < end; first += Piece)
        {
            var length = Math.Min(Piece, end - first);
            var sum = result.Values.AsSpan(first, length);
            TensorPrimitives.Multiply(terms[0].Batch.Values.AsSpan(first, length), terms[0].Factor, sum);
            foreach (var (factor, batch) in terms.AsSpan(1))
            {
                TensorPrimitives.MultiplyAdd(batch.Values.AsSpan(first, length), factor, sum, sum);
            }

            if (divisor != 1)
            {
                TensorPrimitives.Divide(sum, divisor, sum);
            }
        }
    }

    private static void CheckShape(Batch batch, Batch like)
    {
        if (batch.Count != like.Count || batch.Length != like.Length)
        {
            throw new ArgumentException(
                $"The batches must be of one shape, but are {like.Count} of {like.Length} numbers and {batch.Count} of {batch.Length}.",
                nameof(batch));
        }
    }
}
