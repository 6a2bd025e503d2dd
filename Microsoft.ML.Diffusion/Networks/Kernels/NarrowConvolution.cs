namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>
/// A 3x3 convolution with padding 1 to a few channels, such as a network's last: each pixel is multiplied by the weights of all taps at once, and each result is the sum of what its
/// neighbours have for it. Vectors are filled by taps where the channels of a result would leave them empty.
/// </summary>
/// <param name="Shape">Its sizes.</param>
internal sealed unsafe record NarrowConvolution(ConvolutionShape Shape) : Convolution
{
    private const int Taps = 9;
    private const int MostChannels = 4;

    private int Pixels => Shape.OutPixels;

    private int Columns => MatrixKernel.RoundedColumns(Taps * Shape.OutChannels);

    /// <summary>Whether these sizes are computed here.</summary>
    public static bool Fits(ConvolutionShape shape) =>
        shape.Side == 3 && shape.Settings == ConvolutionSettings.Same
        && shape.OutChannels <= MostChannels
        && shape.InChannels % MatrixKernel.Rows == 0
        && shape.OutPixels % MatrixKernel.Rows == 0;

    /// <inheritdoc/>
    public override long PreparedLength => (long)Shape.InChannels * Columns;

    /// <inheritdoc/>
    public override void Prepare(float* g, float* prepared) => Pack(g, prepared, Columns, 1);

    /// <inheritdoc/>
    public override void ForwardOf(float* x, float* prepared, float* bias, int biasStride, float* y)
    {
        var parts = KernelThreads.PartsFor(Shape.Images, (double)Shape.Images * Pixels * Shape.InChannels * Columns);
        if (parts == 1)
        {
            Forward(x, prepared, bias, biasStride, y, 0, Shape.Images);
            return;
        }

        ForwardInParts(parts, x, prepared, bias, biasStride, y);
    }

    /// <inheritdoc/>
    public override void InputGradient(float* dy, float* g, float* dx)
    {
        var parts = KernelThreads.PartsFor(Shape.Images, (double)Shape.Images * Pixels * Shape.InChannels * Columns);
        var weights = Scratch.OfCall((long)Columns * Shape.InChannels).Take((long)Columns * Shape.InChannels);
        Pack(g, weights, 1, Shape.InChannels);
        if (parts == 1)
        {
            InputGradient(dy, weights, dx, 0, Shape.Images);
            return;
        }

        InputGradientInParts(parts, dy, weights, dx);
    }

    /// <inheritdoc/>
    public override void FilterGradient(float* x, float* dy, float* dg)
    {
        var length = (long)Shape.InChannels * Columns;
        var scratch = Scratch.OfPart(length + Scratch.Rounded((long)Pixels * Columns));
        float* sum = scratch.TakeZeros((int)length), spread = scratch.Take((long)Pixels * Columns);
        for (var image = 0; image < Shape.Images; image++)
        {
            Spread(dy + ((long)image * Pixels * Shape.OutChannels), spread);
            var pixels = x + ((long)image * Pixels * Shape.InChannels);
            MatrixKernel.Multiply(pixels, 1, Shape.InChannels, spread, sum, Shape.InChannels, Columns, Pixels, adds: true);
        }

        for (var i = 0; i < Shape.InChannels; i++)
        {
            for (var column = 0; column < Taps * Shape.OutChannels; column++)
            {
                dg[Weight(i, column)] += sum[((long)i * Columns) + column];
            }
        }
    }

    private void ForwardInParts(int parts, float* x, float* weights, float* bias, int biasStride, float* y) => KernelThreads.Run(
        parts,
        part => Forward(
            x,
            weights,
            bias,
            biasStride,
            y,
            KernelThreads.Begin(part, parts, Shape.Images),
            KernelThreads.Begin(part + 1, parts, Shape.Images)));

    private void Forward(float* x, float* weights, float* bias, int biasStride, float* y, int begin, int end)
    {
        var products = Scratch.OfPart((long)Pixels * Columns).Take((long)Pixels * Columns);
        for (var image = begin; image < end; image++)
        {
            var pixels = x + ((long)image * Pixels * Shape.InChannels);
            MatrixKernel.Multiply(pixels, Shape.InChannels, 1, weights, products, Pixels, Columns, Shape.InChannels, adds: false);
            Gather(products, bias + ((long)image * biasStride), y + ((long)image * Pixels * Shape.OutChannels));
        }
    }

    private void InputGradientInParts(int parts, float* dy, float* weights, float* dx) => KernelThreads.Run(
        parts,
        part => InputGradient(
            dy,
            weights,
            dx,
            KernelThreads.Begin(part, parts, Shape.Images),
            KernelThreads.Begin(part + 1, parts, Shape.Images)));

    private void InputGradient(float* dy, float* weights, float* dx, int begin, int end)
    {
        var spread = Scratch.OfPart((long)Pixels * Columns).Take((long)Pixels * Columns);
        for (var image = begin; image < end; image++)
        {
            Spread(dy + ((long)image * Pixels * Shape.OutChannels), spread);
            var pixels = dx + ((long)image * Pixels * Shape.InChannels);
            MatrixKernel.Multiply(spread, Columns, 1, weights, pixels, Pixels, Shape.InChannels, Columns, adds: false);
        }
    }

    // Each result from the products of the pixels around it, in the order of the taps.
    private void Gather(float* products, float* bias, float* y)
    {
        var (channels, width, height) = (Shape.OutChannels, Shape.OutWidth, Shape.OutHeight);
        for (var row = 0; row < height; row++)
        {
            for (var column = 0; column < width; column++, y += channels)
            {
                for (var o = 0; o < channels; o++)
                {
                    var sum = bias[o];
                    for (var tap = 0; tap < Taps; tap++)
                    {
                        var (r, c) = (row + (tap / 3) - 1, column + (tap % 3) - 1);
                        if ((uint)r < (uint)height && (uint)c < (uint)width)
                        {
                            sum += products[((((long)r * width) + c) * Columns) + (tap * channels) + o];
                        }
                    }

                    y[o] = sum;
                }
            }
        }
    }

    // The gradient of the products: for each pixel and tap, that of the result which read it there.
    private void Spread(float* dy, float* spread)
    {
        var (channels, width, height, columns) = (Shape.OutChannels, Shape.OutWidth, Shape.OutHeight, Columns);
        for (var row = 0; row < height; row++)
        {
            for (var column = 0; column < width; column++, spread += columns)
            {
                for (var tap = 0; tap < Taps; tap++)
                {
                    var (r, c) = (row - (tap / 3) + 1, column - (tap % 3) + 1);
                    var isInside = (uint)r < (uint)height && (uint)c < (uint)width;
                    for (var o = 0; o < channels; o++)
                    {
                        spread[(tap * channels) + o] = isInside ? dy[(((r * width) + c) * channels) + o] : 0;
                    }
                }

                new Span<float>(spread + (Taps * channels), columns - (Taps * channels)).Clear();
            }
        }
    }

    // The weights of a channel by taps and results, zero in the columns that fill up.
    private void Pack(float* g, float* weights, int channelStride, int columnStride)
    {
        for (var i = 0; i < Shape.InChannels; i++)
        {
            for (var column = 0; column < Columns; column++)
            {
                weights[((long)i * channelStride) + ((long)column * columnStride)] =
                    column < Taps * Shape.OutChannels ? g[Weight(i, column)] : 0;
            }
        }
    }

    // Where the weight of a channel, a tap and a result is in [C_out][C_in][3][3].
    private long Weight(int channel, int column)
    {
        var (tap, o) = Math.DivRem(column, Shape.OutChannels);
        return ((((long)o * Shape.InChannels) + channel) * Taps) + tap;
    }
}
