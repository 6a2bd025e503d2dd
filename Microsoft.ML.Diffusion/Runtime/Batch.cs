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
        for (var i = 0; i < values.Length; i++)
        {
            result.Values[i] = values[i];
        }

        return result;
    }

    /// <summary>Rounds to single precision.</summary>
    public float[] ToSingle() => Array.ConvertAll(Values, value => (float)value);

    /// <summary>A linear combination of batches of one shape.</summary>
    /// <param name="terms">Each batch and its factor, at least one.</param>
    public static Batch Sum(params ReadOnlySpan<(double Factor, Batch Batch)> terms)
    {
        var (factor, first) = terms[0];
        var result = new Batch(first.Count, first.Length);
        for (var i = 0; i < result.Values.Length; i++)
        {
            result.Values[i] = factor * first.Values[i];
        }

        foreach (var (other, batch) in terms[1..])
        {
            for (var i = 0; i < result.Values.Length; i++)
            {
                result.Values[i] += other * batch.Values[i];
            }
        }

        return result;
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
}
