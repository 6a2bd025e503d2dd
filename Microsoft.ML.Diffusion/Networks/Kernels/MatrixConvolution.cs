namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>A convolution of any sizes, as products of its <see cref="Patches"/> with the filters.</summary>
/// <remarks>Patches are made in blocks that stay in the core's own cache. Filters that see one pixel read the image itself.</remarks>
/// <param name="Shape">Its sizes.</param>
internal sealed unsafe record MatrixConvolution(ConvolutionShape Shape) : Convolution
{
    private const int PlacesOfPart = 64; // that are worth another thread

    private PatchProducts Products { get; } = new(Shape);

    // The convolution of dY that gives dX: of mirrored filters, or where places are apart of single ones, which give the gradients of patches.
    private PatchProducts Back { get; } = new(Shape.Settings.Stride == 1
        ? new ConvolutionShape(
            Shape.Images,
            Shape.OutHeight,
            Shape.OutWidth,
            Shape.OutChannels,
            Shape.InChannels,
            Shape.Side,
            new ConvolutionSettings(1, Shape.Side - 1 - Shape.Settings.Before, Shape.Side - 1 - Shape.Settings.After))
        : new ConvolutionShape(
            Shape.Images, Shape.OutHeight, Shape.OutWidth, Shape.OutChannels, Shape.PatchLength, 1, ConvolutionSettings.Plain));

    private double Work => (double)Places * Shape.PatchLength * Shape.OutChannels;

    private int Places => Shape.Images * Shape.OutPixels;

    /// <inheritdoc/>
    public override long PreparedLength => (long)Shape.PatchLength * MatrixKernel.RoundedColumns(Shape.OutChannels);

    /// <inheritdoc/>
    public override void Prepare(float* g, float* prepared) => PackedFilters.Forward(g, Shape, prepared);

    /// <inheritdoc/>
    public override void ForwardOf(float* x, float* prepared, float* bias, int biasStride, float* y)
    {
        var parts = KernelThreads.PartsFor(Places / PlacesOfPart, Work);
        Products.Multiply(x, prepared, parts, Places, new Results(Shape, bias, biasStride, y));
    }

    /// <inheritdoc/>
    public override void InputGradient(float* dy, float* g, float* dx)
    {
        // Neighbouring places add to the same pixels: the images are shared out as a whole.
        var parts = KernelThreads.PartsFor(Shape.Images, Work);
        new Span<float>(dx, Shape.Images * Shape.InHeight * Shape.InWidth * Shape.InChannels).Clear();
        if (Shape.Settings.Stride == 1)
        {
            Back.Multiply(dy, PackedFilters.Mirrored(g, Shape), parts, Shape.Images, new Gathered(Shape, Back.Shape, dx));
        }
        else
        {
            Back.Multiply(dy, PackedFilters.Backward(g, Shape), parts, Shape.Images, new Scattered(Shape, dx));
        }
    }

    /// <inheritdoc/>
    public override void FilterGradient(float* x, float* dy, float* dg)
    {
        var parts = KernelThreads.PartsFor(Places / PlacesOfPart, Work);
        var length = Products.TransposedLength;
        var products = Scratch.OfCall((long)parts * length).Take((long)parts * length);
        if (parts == 1)
        {
            Products.MultiplyTransposed(x, dy, 0, Places, products);
        }
        else
        {
            FilterGradientInParts(parts, x, dy, products);
        }

        SumOfParts.Into(products, length, parts, 0, length, length);
        PackedFilters.Unpack(products, MatrixKernel.RoundedColumns(Shape.OutChannels), Shape, dg);
    }

    private void FilterGradientInParts(int parts, float* x, float* dy, float* products) => KernelThreads.Run(
        parts,
        part => Products.MultiplyTransposed(
            x,
            dy,
            KernelThreads.Begin(part, parts, Places),
            KernelThreads.Begin(part + 1, parts, Places),
            products + ((long)part * Products.TransposedLength)));

    /// <summary>Adds biases to the products of places, and writes the result.</summary>
    private readonly struct Results(ConvolutionShape shape, float* bias, int biasStride, float* y) : IProductRows
    {
        public void Use(int first, int count, float* rows, int stride)
        {
            var channels = shape.OutChannels;
            for (var place = first; place < first + count; place++, rows += stride)
            {
                Numbers.Sum(rows, bias + ((long)(place / shape.OutPixels) * biasStride), y + ((long)place * channels), channels);
            }
        }
    }

    /// <summary>Adds each product to the pixel of dX at its place; repeated pixels get the sum of theirs.</summary>
    private readonly struct Gathered(ConvolutionShape shape, ConvolutionShape back, float* dx) : IProductRows
    {
        public void Use(int first, int count, float* rows, int stride)
        {
            var (channels, scale) = (shape.InChannels, shape.Settings.Doubles ? 2 : 1);
            for (var place = first; place < first + count; place++, rows += stride)
            {
                var (row, column) = Math.DivRem(place, back.OutWidth);
                var (image, rowOfImage) = Math.DivRem(row, back.OutHeight);
                var pixel = ((((long)image * shape.InHeight) + (rowOfImage / scale)) * shape.InWidth) + (column / scale);
                Numbers.Add(rows, dx + (pixel * channels), channels);
            }
        }
    }

    /// <summary>Adds the gradients of patches to dX, each where it was copied from.</summary>
    private readonly struct Scattered(ConvolutionShape shape, float* dx) : IProductRows
    {
        public void Use(int first, int count, float* rows, int stride) => new Patches(shape).Add(rows, stride, first, count, dx);
    }
}
