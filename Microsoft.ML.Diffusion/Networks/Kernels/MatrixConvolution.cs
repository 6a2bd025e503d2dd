namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>A convolution of any sizes, as products of its <see cref="Patches"/> with the filters.</summary>
/// <remarks>Patches are made in blocks that stay in the core's own cache. Filters that see one pixel read the image itself.</remarks>
/// <param name="Shape">Its sizes.</param>
internal sealed unsafe record MatrixConvolution(ConvolutionShape Shape) : Convolution
{
    private const int CacheFloats = 32 * 1024; // of a block's patches and results
    private const int LargestBlock = 256;
    private const int PlacesOfPart = 64; // that are worth another thread

    private delegate void UseRows(int first, int count, float* rows, int stride);

    private int Places => Shape.Images * Shape.OutPixels;

    /// <inheritdoc/>
    public override void Forward(float* x, float* g, float* bias, int biasStride, float* y)
    {
        var channels = Shape.OutChannels;
        var (columns, parts) = (MatrixKernel.RoundedColumns(channels), KernelThreads.PartsFor(Places / PlacesOfPart));
        Multiply(x, PackedFilters.Forward(g, Shape), columns, parts, Places, (first, count, rows, stride) =>
        {
            for (var place = first; place < first + count; place++, rows += stride)
            {
                Numbers.Sum(rows, bias + ((long)(place / Shape.OutPixels) * biasStride), y + ((long)place * channels), channels);
            }
        });
    }

    /// <inheritdoc/>
    public override void InputGradient(float* dy, float* g, float* dx)
    {
        // Neighbouring places add to the same pixels: the images are shared out as a whole.
        var parts = KernelThreads.PartsFor(Shape.Images);
        KernelThreads.Run(
            parts,
            part => Clear(dx, KernelThreads.Begin(part, parts, Shape.Images), KernelThreads.Begin(part + 1, parts, Shape.Images)));
        if (Shape.Settings.Stride == 1)
        {
            GatherInputGradient(dy, g, dx);
        }
        else
        {
            ScatterInputGradient(dy, g, dx);
        }
    }

    /// <inheritdoc/>
    public override void FilterGradient(float* x, float* dy, float* dg)
    {
        var (rows, columns, parts) = (
            MatrixKernel.RoundedRows(Shape.PatchLength),
            MatrixKernel.RoundedColumns(Shape.OutChannels),
            KernelThreads.PartsFor(Places / PlacesOfPart));
        var length = rows * columns;
        var products = Scratch.OfCall((long)parts * length).Take((long)parts * length);
        KernelThreads.Run(
            parts,
            part => AddProducts(
                x,
                dy,
                KernelThreads.Begin(part, parts, Places),
                KernelThreads.Begin(part + 1, parts, Places),
                products + ((long)part * length),
                rows,
                columns));
        SumOfParts.Into(products, length, parts, 0, length, length);
        PackedFilters.Unpack(products, columns, Shape, dg);
    }

    // Calls use with the products of blocks of places: patches times filters.
    private void Multiply(float* x, float* filters, int columns, int parts, int pieces, UseRows use) => KernelThreads.Run(parts, part =>
    {
        var (depth, block) = (Shape.PatchLength, BlockOf(Shape.PatchLength + columns));
        var scratch = Scratch.OfPart(Scratch.Rounded(block * depth) + (block * columns));
        float* patches = scratch.Take(block * depth), products = scratch.Take(block * columns);
        var (begin, end) = (
            KernelThreads.Begin(part, parts, pieces) * (Places / pieces),
            KernelThreads.Begin(part + 1, parts, pieces) * (Places / pieces));
        for (var first = begin; first < end; first += block)
        {
            var count = Math.Min(block, end - first);
            MatrixKernel.Multiply(
                RowsOf(x, first, count, patches, depth),
                depth,
                1,
                filters,
                products,
                MatrixKernel.RoundedRows(count),
                columns,
                depth,
                adds: false);
            use(first, count, products, columns);
        }
    });

    // dX as a convolution of dY by the mirrored filters; repeated pixels get the sum of theirs.
    private void GatherInputGradient(float* dy, float* g, float* dx)
    {
        var (settings, channels) = (Shape.Settings, Shape.InChannels);
        var scale = settings.Doubles ? 2 : 1;
        var back = new MatrixConvolution(new ConvolutionShape(
            Shape.Images,
            Shape.OutHeight,
            Shape.OutWidth,
            Shape.OutChannels,
            channels,
            Shape.Side,
            new ConvolutionSettings(1, Shape.Side - 1 - settings.Before, Shape.Side - 1 - settings.After)));
        var (height, width) = (back.Shape.OutHeight, back.Shape.OutWidth);
        var (columns, parts) = (MatrixKernel.RoundedColumns(channels), KernelThreads.PartsFor(Shape.Images));
        back.Multiply(dy, PackedFilters.Mirrored(g, Shape), columns, parts, Shape.Images, (first, count, rows, stride) =>
        {
            for (var place = first; place < first + count; place++, rows += stride)
            {
                var (row, column) = Math.DivRem(place, width);
                var (image, rowOfImage) = Math.DivRem(row, height);
                var pixel = ((((long)image * Shape.InHeight) + (rowOfImage / scale)) * Shape.InWidth) + (column / scale);
                Numbers.Add(rows, dx + (pixel * channels), channels);
            }
        });
    }

    // dX from the gradients of patches, each added where it was copied from.
    private void ScatterInputGradient(float* dy, float* g, float* dx)
    {
        var columns = MatrixKernel.RoundedColumns(Shape.PatchLength);
        var pixels =
            new MatrixConvolution(
                new ConvolutionShape(
                    Shape.Images,
                    Shape.OutHeight,
                    Shape.OutWidth,
                    Shape.OutChannels,
                    Shape.PatchLength,
                    1,
                    new ConvolutionSettings()));
        var parts = KernelThreads.PartsFor(Shape.Images);
        pixels.Multiply(dy, PackedFilters.Backward(g, Shape), columns, parts, Shape.Images, (first, count, rows, stride) =>
            new Patches(Shape).Add(rows, stride, first, count, dx));
    }

    // Adds the products of transposed patches with dY, for some places.
    private void AddProducts(float* x, float* dy, int begin, int end, float* products, int rows, int columns)
    {
        var (channels, block) = (Shape.OutChannels, BlockOf(rows + columns));
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

    private void Clear(float* dx, int firstImage, int endImage)
    {
        var length = Shape.InHeight * Shape.InWidth * Shape.InChannels;
        for (var image = firstImage; image < endImage; image++)
        {
            new Span<float>(dx + ((long)image * length), length).Clear();
        }
    }

    private static int BlockOf(int floatsOfPlace) =>
        Math.Clamp(CacheFloats / floatsOfPlace, MatrixKernel.Rows, LargestBlock) / MatrixKernel.Rows * MatrixKernel.Rows;
}
