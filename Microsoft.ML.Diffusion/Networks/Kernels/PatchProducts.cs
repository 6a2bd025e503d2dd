namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>What is done with products.</summary>
internal unsafe interface IProductRows
{
    /// <summary>Takes the products of some places.</summary>
    /// <param name="first">The first place, counted row by row and image by image.</param>
    /// <param name="count">Their number.</param>
    /// <param name="rows">[count][stride].</param>
    /// <param name="stride">Floats between two rows.</param>
    void Use(int first, int count, float* rows, int stride);
}

/// <summary>Products of the patches of images with a matrix, block by block.</summary>
/// <param name="Shape">What the patches are.</param>
internal readonly unsafe record struct PatchProducts(ConvolutionShape Shape)
{
    private const int CacheFloats = 32 * 1024; // of a block's patches and results
    private const int LargestBlock = 256;

    /// <summary>The floats of what <see cref="MultiplyTransposed"/> gives.</summary>
    public int TransposedLength => MatrixKernel.RoundedRows(Shape.PatchLength) * Columns;

    private int Places => Shape.Images * Shape.OutPixels;

    private int Columns => MatrixKernel.RoundedColumns(Shape.OutChannels);

    /// <summary>Multiplies the patches of all places by a matrix of [patch][columns].</summary>
    /// <param name="x">[N][H][W][C].</param>
    /// <param name="matrix">The matrix.</param>
    /// <param name="parts">For how many threads.</param>
    /// <param name="pieces">What is shared out between them: places, or images.</param>
    /// <param name="rows">Takes the products, on any thread.</param>
    public void Multiply<TRows>(float* x, float* matrix, int parts, int pieces, TRows rows)
        where TRows : struct, IProductRows
    {
        if (parts == 1)
        {
            MultiplySome(x, matrix, 0, Places, rows);
            return;
        }

        MultiplyInParts(x, matrix, parts, pieces, rows);
    }

    /// <summary>Multiplies the transposed patches of some places by rows of numbers at these places: [patch][columns].</summary>
    /// <param name="x">[N][H][W][C].</param>
    /// <param name="dy">[N][H'][W'][C_out].</param>
    /// <param name="begin">The first place.</param>
    /// <param name="end">The one behind the last.</param>
    /// <param name="products">The sum over places, of <see cref="TransposedLength"/>.</param>
    public void MultiplyTransposed(float* x, float* dy, int begin, int end, float* products)
    {
        var (rows, columns, channels) = (MatrixKernel.RoundedRows(Shape.PatchLength), Columns, Shape.OutChannels);
        var block = BlockOf(rows + columns);
        var scratch = Scratch.OfPart(Scratch.Rounded(block * rows) + (block * columns));
        float* patches = scratch.Take(block * rows), padded = scratch.Take(block * columns);
        new Span<float>(products, rows * columns).Clear();
        for (var first = begin; first < end; first += block)
        {
            var count = Math.Min(block, end - first);
            var gradients = dy + ((long)first * channels);
            if (columns != channels)
            {
                Numbers.CopyRows(gradients, channels, padded, columns, count);
                gradients = padded;
            }

            MatrixKernel.Multiply(RowsOf(x, first, count, patches, rows), 1, rows, gradients, products, rows, columns, count, adds: true);
        }
    }

    private void MultiplyInParts<TRows>(float* x, float* matrix, int parts, int pieces, TRows rows)
        where TRows : struct, IProductRows
    {
        var (products, places) = (this, Places / pieces);
        KernelThreads.Run(parts, part => products.MultiplySome(
            x,
            matrix,
            KernelThreads.Begin(part, parts, pieces) * places,
            KernelThreads.Begin(part + 1, parts, pieces) * places,
            rows));
    }

    private void MultiplySome<TRows>(float* x, float* matrix, int begin, int end, TRows rows)
        where TRows : struct, IProductRows
    {
        var (depth, columns) = (Shape.PatchLength, Columns);
        var block = BlockOf(depth + columns);
        var scratch = Scratch.OfPart(Scratch.Rounded(block * depth) + (block * columns));
        float* patches = scratch.Take(block * depth), products = scratch.Take(block * columns);
        for (var first = begin; first < end; first += block)
        {
            var count = Math.Min(block, end - first);
            MatrixKernel.Multiply(
                RowsOf(x, first, count, patches, depth),
                depth,
                1,
                matrix,
                products,
                MatrixKernel.RoundedRows(count),
                columns,
                depth,
                adds: false);
            rows.Use(first, count, products, columns);
        }
    }

    // Patches of whole blocks that lie in the image one after another need no copy.
    private float* RowsOf(float* x, int first, int count, float* patches, int stride)
    {
        if (Shape.IsPointwise && stride == Shape.PatchLength && count % MatrixKernel.Rows == 0)
        {
            return x + ((long)first * stride);
        }

        new Patches(Shape).Copy(x, first, count, patches, stride);
        return patches;
    }

    private static int BlockOf(int floatsOfPlace) =>
        Math.Clamp(CacheFloats / floatsOfPlace, MatrixKernel.Rows, LargestBlock) / MatrixKernel.Rows * MatrixKernel.Rows;
}
