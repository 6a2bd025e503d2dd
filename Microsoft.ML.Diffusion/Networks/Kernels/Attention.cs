namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>softmax(Q K^T / sqrt(d)) V for each head of each image, whose channels are cut into heads of d (Vaswani et al. 2017, eq. 1).</summary>
/// <remarks>The weights of some queries are made at a time, once more for the gradient: the square of the number of pixels is never stored.</remarks>
/// <param name="Images">N.</param>
/// <param name="Pixels">H W.</param>
/// <param name="Channels">C.</param>
/// <param name="Heads">A divisor of C.</param>
internal sealed unsafe record Attention(int Images, int Pixels, int Channels, int Heads)
{
    private const int Block = 64; // queries at a time

    private int Head => Channels / Heads;

    private int Columns => MatrixKernel.RoundedColumns(Head);

    private int Places => (Pixels + Softmax.Lanes - 1) / Softmax.Lanes * Softmax.Lanes;

    private float Scale => (float)(1 / Math.Sqrt(Head));

    /// <summary>Computes the result.</summary>
    /// <param name="queries">[N][H W][C].</param>
    /// <param name="keys">[N][H W][C].</param>
    /// <param name="values">[N][H W][C].</param>
    /// <param name="y">[N][H W][C].</param>
    public void Forward(float* queries, float* keys, float* values, float* y)
    {
        var parts = KernelThreads.PartsFor(Images * Heads, 2.0 * Images * Pixels * Pixels * Channels);
        if (parts == 1)
        {
            Forward(queries, keys, values, y, 0, Images * Heads);
            return;
        }

        ForwardInParts(parts, queries, keys, values, y);
    }

    /// <summary>Adds the gradients of queries, keys and values to what is there; parameters as for <see cref="Forward(float*, float*, float*, float*)"/>.</summary>
    public void Backward(Inputs inputs, float* dy, Inputs gradients)
    {
        for (var unit = 0; unit < Images * Heads; unit++)
        {
            var start = Start(unit);
            AddGradients(inputs.From(start), dy + start, gradients.From(start));
        }
    }

    private void ForwardInParts(int parts, float* queries, float* keys, float* values, float* y) => KernelThreads.Run(parts, part =>
        Forward(
            queries,
            keys,
            values,
            y,
            KernelThreads.Begin(part, parts, Images * Heads),
            KernelThreads.Begin(part + 1, parts, Images * Heads)));

    private long Start(int unit)
    {
        var (image, head) = Math.DivRem(unit, Heads);
        return ((long)image * Pixels * Channels) + (head * Head);
    }

    private void Forward(float* queries, float* keys, float* values, float* y, int begin, int end)
    {
        var scratch = Scratch.OfPart(
            (2 * Scratch.Rounded((long)Places * Columns)) + (2 * Scratch.Rounded(Block * Columns)) + Scratch.Rounded((long)Block * Places));
        float* transposedKeys = scratch.Take((long)Places * Columns), packedValues = scratch.Take((long)Places * Columns);
        float* rows = scratch.Take(Block * Columns), result = scratch.Take(Block * Columns), weights = scratch.Take((long)Block * Places);
        for (var unit = begin; unit < end; unit++)
        {
            var start = Start(unit);
            Transpose(keys + start, transposedKeys);
            Pack(values + start, Pixels, Places, packedValues);
            for (var first = 0; first < Pixels; first += Block)
            {
                var count = Math.Min(Block, Pixels - first);
                Weigh(queries + start + ((long)first * Channels), count, transposedKeys, rows, weights);
                var rounded = MatrixKernel.RoundedRows(count);
                MatrixKernel.Multiply(weights, Places, 1, packedValues, result, rounded, Columns, Pixels, adds: false);
                Unpack(result, count, y + start + ((long)first * Channels), adds: false);
            }
        }
    }

    private void AddGradients(Inputs inputs, float* dy, Inputs gradients)
    {
        long ofPixels = Scratch.Rounded((long)Places * Columns), ofBlock = Scratch.Rounded(Block * Columns);
        var scratch = Scratch.OfPart((5 * ofPixels) + (4 * ofBlock) + (2 * Scratch.Rounded((long)Block * Places)));
        float* transposedKeys = scratch.Take(ofPixels), packedKeys = scratch.Take(ofPixels), transposedValues = scratch.Take(ofPixels);
        float* dkeys = scratch.Take(ofPixels), dvalues = scratch.Take(ofPixels);
        float* rows = scratch.Take(ofBlock), dresult = scratch.Take(ofBlock), drows = scratch.Take(ofBlock);
        float* weights = scratch.Take((long)Block * Places), dweights = scratch.Take((long)Block * Places);
        Transpose(inputs.Keys, transposedKeys);
        Pack(inputs.Keys, Pixels, Places, packedKeys);
        Transpose(inputs.Values, transposedValues);
        new Span<float>(dkeys, Places * Columns).Clear();
        new Span<float>(dvalues, Places * Columns).Clear();
        for (var first = 0; first < Pixels; first += Block)
        {
            var (count, offset) = (Math.Min(Block, Pixels - first), (long)first * Channels);
            var rounded = MatrixKernel.RoundedRows(count);
            Weigh(inputs.Queries + offset, count, transposedKeys, rows, weights);
            Pack(dy + offset, count, rounded, dresult);
            MatrixKernel.Multiply(weights, 1, Places, dresult, dvalues, Places, Columns, count, adds: true);
            MatrixKernel.Multiply(dresult, Columns, 1, transposedValues, dweights, rounded, Places, Columns, adds: false);
            for (var row = 0; row < count; row++)
            {
                Softmax.Gradient(weights + ((long)row * Places), dweights + ((long)row * Places), Pixels, Places, Scale);
            }

            MatrixKernel.Multiply(dweights, Places, 1, packedKeys, drows, rounded, Columns, Pixels, adds: false);
            Unpack(drows, count, gradients.Queries + offset, adds: true);
            MatrixKernel.Multiply(dweights, 1, Places, rows, dkeys, Places, Columns, count, adds: true);
        }

        Unpack(dkeys, Pixels, gradients.Keys, adds: true);
        Unpack(dvalues, Pixels, gradients.Values, adds: true);
    }

    // The weights of some queries, [count][places], zero beyond the pixels.
    private void Weigh(float* queries, int count, float* transposedKeys, float* rows, float* weights)
    {
        var rounded = MatrixKernel.RoundedRows(count);
        Pack(queries, count, rounded, rows);
        MatrixKernel.Multiply(rows, Columns, 1, transposedKeys, weights, rounded, Places, Columns, adds: false);
        for (var row = 0; row < rounded; row++)
        {
            Softmax.Of(weights + ((long)row * Places), Pixels, Places, Scale);
        }
    }

    // [H W][C] to [d][places], zero where there is nothing.
    private void Transpose(float* x, float* y)
    {
        new Span<float>(y, Places * Columns).Clear();
        for (var pixel = 0; pixel < Pixels; pixel++)
        {
            for (var c = 0; c < Head; c++)
            {
                y[((long)c * Places) + pixel] = x[((long)pixel * Channels) + c];
            }
        }
    }

    // Rows of [H W][C] to [rows][d], zero where there is nothing.
    private void Pack(float* x, int count, int rows, float* y)
    {
        for (var row = 0; row < count; row++)
        {
            new Span<float>(x + ((long)row * Channels), Head).CopyTo(new Span<float>(y + (row * Columns), Columns));
            new Span<float>(y + (row * Columns) + Head, Columns - Head).Clear();
        }

        new Span<float>(y + (count * Columns), (rows - count) * Columns).Clear();
    }

    private void Unpack(float* x, int count, float* y, bool adds)
    {
        for (var row = 0; row < count; row++)
        {
            if (adds)
            {
                Numbers.Add(x + (row * Columns), y + ((long)row * Channels), Head);
            }
            else
            {
                new Span<float>(x + (row * Columns), Head).CopyTo(new Span<float>(y + ((long)row * Channels), Head));
            }
        }
    }

    /// <summary>What attention reads, or the gradients of that.</summary>
    /// <param name="queries">What each pixel asks for.</param>
    /// <param name="keys">What each pixel offers.</param>
    /// <param name="values">What it gives.</param>
    internal readonly struct Inputs(float* queries, float* keys, float* values)
    {
        public float* Queries { get; } = queries;

        public float* Keys { get; } = keys;

        public float* Values { get; } = values;

        public Inputs From(long start) => new(Queries + start, Keys + start, Values + start);
    }
}
