namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>
/// Filters, [C_out][C_in][taps], as the matrices that patches are multiplied by, their columns filled up with zeros to a number that can be computed.
/// </summary>
/// <remarks>Those for gradients are in the calling thread's <see cref="Scratch.OfCall"/>.</remarks>
internal static unsafe class PackedFilters
{
    /// <summary>[taps C_in][C_out], for patches of the image.</summary>
    public static void Forward(float* g, ConvolutionShape shape, float* packed)
    {
        var columns = MatrixKernel.RoundedColumns(shape.OutChannels);
        for (var row = 0; row < shape.PatchLength; row++)
        {
            var (tap, i) = Math.DivRem(row, shape.InChannels);
            Copy(g + Index(shape, 0, i, tap), shape.PatchLength, packed + ((long)row * columns), shape.OutChannels, columns);
        }
    }

    /// <summary>[taps C_out][C_in], the taps from behind, for patches of the result's gradient.</summary>
    public static float* Mirrored(float* g, ConvolutionShape shape)
    {
        var rows = shape.Taps * shape.OutChannels;
        var packed = Memory(rows, shape.InChannels, out var columns);
        for (var row = 0; row < rows; row++)
        {
            var (tap, o) = Math.DivRem(row, shape.OutChannels);
            Copy(g + Index(shape, o, 0, shape.Taps - 1 - tap), shape.Taps, packed + ((long)row * columns), shape.InChannels, columns);
        }

        return packed;
    }

    /// <summary>[C_out][taps C_in], for the result's gradient itself.</summary>
    public static float* Backward(float* g, ConvolutionShape shape)
    {
        var packed = Memory(shape.OutChannels, shape.PatchLength, out var columns);
        for (var o = 0; o < shape.OutChannels; o++)
        {
            var row = packed + ((long)o * columns);
            for (var tap = 0; tap < shape.Taps; tap++)
            {
                Copy(g + Index(shape, o, 0, tap), shape.Taps, row + (tap * shape.InChannels), shape.InChannels, shape.InChannels);
            }

            new Span<float>(row + shape.PatchLength, columns - shape.PatchLength).Clear();
        }

        return packed;
    }

    /// <summary>Adds what comes back from [taps C_in][columns], of which the first C_out are read.</summary>
    public static void Unpack(float* matrix, int columns, ConvolutionShape shape, float* g)
    {
        for (var row = 0; row < shape.PatchLength; row++)
        {
            var (tap, i) = Math.DivRem(row, shape.InChannels);
            for (var o = 0; o < shape.OutChannels; o++)
            {
                g[Index(shape, o, i, tap)] += matrix[((long)row * columns) + o];
            }
        }
    }

    private static long Index(ConvolutionShape shape, int o, int i, int tap) => ((((long)o * shape.InChannels) + i) * shape.Taps) + tap;

    private static float* Memory(int rows, int columns, out int roundedColumns)
    {
        roundedColumns = MatrixKernel.RoundedColumns(columns);
        return Scratch.OfCall((long)rows * roundedColumns).Take((long)rows * roundedColumns);
    }

    private static void Copy(float* from, int step, float* to, int count, int filledTo)
    {
        for (var i = 0; i < count; i++)
        {
            to[i] = from[(long)i * step];
        }

        new Span<float>(to + count, filledTo - count).Clear();
    }
}
