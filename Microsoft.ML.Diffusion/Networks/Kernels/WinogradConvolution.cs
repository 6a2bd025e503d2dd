namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>A 3x3 convolution with padding 1, by the transforms of <see cref="Winograd"/> or <see cref="LargeWinograd"/>.</summary>
/// <remarks>
/// Tiles are computed in blocks that stay in the core's own cache: transformed, multiplied at each point, transformed back. Of images whose
/// pixels are repeated first, 9 points are enough, and nothing is repeated in memory.
/// </remarks>
/// <param name="Images">N.</param>
/// <param name="Height">H of the result.</param>
/// <param name="Width">W of the result.</param>
/// <param name="InChannels">C_in.</param>
/// <param name="OutChannels">C_out.</param>
/// <param name="Doubles">Whether each pixel is repeated to 2x2 before the convolution: images are [N][H/2][W/2][C_in].</param>
internal sealed unsafe record WinogradConvolution(
    int Images,
    int Height,
    int Width,
    int InChannels,
    int OutChannels,
    bool Doubles = false) : Convolution
{
    private const int CacheFloats = 96 * 1024; // of a block's transformed tiles
    private const int MinimumTiles = 32;
    private const int TilesOfPart = 16; // that are worth another thread
    private const int Line = 16; // floats between two points, so that they do not fall on the same place of the cache

    private static readonly int[] _allPoints = [.. Enumerable.Range(0, LargeWinograd.Points)];

    private WinogradConvolution? _back; // of dY to dX

    private TileGrid Grid => new(Images, Height, Width, Doubles, IsLarge ? 4 : 2);

    // Large tiles take fewer multiplications, if not too many of them are beyond the edges.
    private bool IsLarge =>
        !Doubles
        && InChannels % LargeWinograd.Lanes == 0
        && OutChannels % LargeWinograd.Lanes == 0
        && LargeWinograd.Points * Tiles(4) < 0.9 * Winograd.Points * Tiles(2);

    private int NumberOfPoints => IsLarge ? LargeWinograd.Points : Winograd.Points;

    private int Weights => InChannels * OutChannels;

    private double Work => (double)Grid.Count * NumberOfPoints * Weights;

    private int Widest => Math.Max(InChannels, OutChannels);

    private int[] Points => Doubles ? Winograd.PointsOfRepeated : IsLarge ? _allPoints : Winograd.PointsOfTile;

    /// <summary>Whether these sizes are computed here.</summary>
    public static bool Fits(ConvolutionShape shape) =>
        shape.Side == 3 && (shape.Settings with { Doubles = false }) == ConvolutionSettings.Same
        && shape.InChannels % MatrixKernel.Columns == 0 && shape.OutChannels % MatrixKernel.Columns == 0;

    /// <inheritdoc/>
    public override long PreparedLength => (long)NumberOfPoints * Weights;

    /// <inheritdoc/>
    public override void Prepare(float* g, float* prepared) =>
        TransformFilters(g, InChannels, OutChannels, swapped: false, mirrored: false, prepared);

    /// <inheritdoc/>
    public override void ForwardOf(float* x, float* prepared, float* bias, int biasStride, float* y)
    {
        var parts = KernelThreads.PartsFor(Grid.Count / TilesOfPart, Work);
        if (parts == 1)
        {
            Convolve(x, prepared, bias, biasStride, y, 0, Grid.Count);
            return;
        }

        ConvolveInParts(parts, x, prepared, bias, biasStride, y);
    }

    /// <inheritdoc/>
    public override void InputGradient(float* dy, float* g, float* dx)
    {
        if (Doubles)
        {
            RepeatedInputGradient(dy, g, dx);
        }
        else
        {
            var u = Scratch.OfCall(PreparedLength).Take(PreparedLength);
            TransformFilters(g, OutChannels, InChannels, swapped: true, mirrored: true, u);
            (_back ??= new(Images, Height, Width, OutChannels, InChannels)).ForwardOf(dy, u, null, 0, dx);
        }
    }

    /// <inheritdoc/>
    public override void FilterGradient(float* x, float* dy, float* dg)
    {
        var (parts, length) = (KernelThreads.PartsFor(Grid.Count / TilesOfPart, Work), NumberOfPoints * Weights);
        var du = Scratch.OfCall((long)parts * length).Take((long)parts * length);
        if (parts == 1)
        {
            AddProducts(x, dy, 0, Grid.Count, du);
            TransformBack(du, dg, 0, InChannels);
            return;
        }

        FilterGradientInParts(parts, x, dy, du, dg);
    }

    private void FilterGradientInParts(int parts, float* x, float* dy, float* du, float* dg)
    {
        var length = NumberOfPoints * Weights;
        KernelThreads.Run(
            parts,
            part => AddProducts(
                x,
                dy,
                KernelThreads.Begin(part, parts, Grid.Count),
                KernelThreads.Begin(part + 1, parts, Grid.Count),
                du + ((long)part * length)));
        KernelThreads.Run(parts, part =>
        {
            var (begin, end) = (KernelThreads.Begin(part, parts, InChannels), KernelThreads.Begin(part + 1, parts, InChannels));
            SumOfParts.Into(du, length, parts, begin * OutChannels, end * OutChannels, Weights);
            TransformBack(du, dg, begin, end);
        });
    }

    // Adds to the gradients of the filters of some input channels.
    private void TransformBack(float* du, float* dg, int begin, int end)
    {
        for (var i = begin; i < end; i++)
        {
            for (var o = 0; o < OutChannels; o += WinogradFilters.Lanes)
            {
                float* source = du + (i * OutChannels) + o, target = dg + (((o * InChannels) + i) * 9);
                if (IsLarge)
                {
                    LargeWinogradFilters.TransformBack(source, Weights, target, 9 * InChannels);
                }
                else
                {
                    WinogradFilters.TransformBack(source, Weights, target, 9 * InChannels);
                }
            }
        }
    }

    private int Tiles(int side) => (Height + side - 1) / side * ((Width + side - 1) / side);

    private int BlockOf(int tiles) => Math.Min(
        MatrixKernel.RoundedRows(tiles),
        Math.Max(MinimumTiles, CacheFloats / (NumberOfPoints * (InChannels + OutChannels)) / MatrixKernel.Rows * MatrixKernel.Rows));

    // dU = V^T dM, added up over some tiles.
    private void AddProducts(float* x, float* dy, int begin, int end, float* du)
    {
        var block = BlockOf(end - begin);
        var (vStride, mStride) = ((block * InChannels) + Line, (block * OutChannels) + Line);
        var scratch = Scratch.OfPart((NumberOfPoints * (vStride + mStride)) + Scratch.Rounded(Widest));
        float* v = scratch.Take(NumberOfPoints * vStride), dm = scratch.Take(NumberOfPoints * mStride);
        var zeros = scratch.TakeZeros(Widest);
        new Span<float>(du, NumberOfPoints * Weights).Clear();
        for (var first = begin; first < end; first += block)
        {
            var count = Math.Min(block, end - first);
            Grid.Transform(x, InChannels, first, count, zeros, v, vStride);
            Grid.TransformGradient(dy, OutChannels, first, count, zeros, dm, mStride);
            foreach (var point in Points)
            {
                MatrixKernel.Multiply(
                    v + (point * vStride),
                    1,
                    InChannels,
                    dm + (point * mStride),
                    du + (point * Weights),
                    InChannels,
                    OutChannels,
                    count,
                    adds: true);
            }
        }
    }

    private void ConvolveInParts(int parts, float* x, float* u, float* bias, int biasStride, float* y) => KernelThreads.Run(
        parts,
        part => Convolve(
            x,
            u,
            bias,
            biasStride,
            y,
            KernelThreads.Begin(part, parts, Grid.Count),
            KernelThreads.Begin(part + 1, parts, Grid.Count)));

    // M = V U for some tiles. Rows beyond the last tile are computed and never read.
    private void Convolve(float* x, float* u, float* bias, int biasStride, float* y, int begin, int end)
    {
        var block = BlockOf(end - begin);
        var (vStride, mStride) = ((block * InChannels) + Line, (block * OutChannels) + Line);
        var scratch = Scratch.OfPart((NumberOfPoints * (vStride + mStride)) + (2 * Scratch.Rounded(Widest)));
        float* v = scratch.Take(NumberOfPoints * vStride), m = scratch.Take(NumberOfPoints * mStride);
        float* zeros = scratch.TakeZeros(Widest), unused = scratch.Take(Widest);
        new Span<float>(m, Doubles ? NumberOfPoints * mStride : 0).Clear(); // the points that are not multiplied stay zero
        for (var first = begin; first < end; first += block)
        {
            var count = Math.Min(block, end - first);
            Grid.Transform(x, InChannels, first, count, zeros, v, vStride);
            foreach (var point in Points)
            {
                MatrixKernel.Multiply(
                    v + (point * vStride),
                    InChannels,
                    1,
                    u + (point * Weights),
                    m + (point * mStride),
                    MatrixKernel.RoundedRows(count),
                    OutChannels,
                    InChannels,
                    adds: false);
            }

            Grid.TransformBack(
                m,
                mStride,
                OutChannels,
                first,
                count,
                bias is null ? zeros : bias,
                bias is null ? 0 : biasStride,
                y,
                unused);
        }
    }

    // Neighbouring tiles add to the same pixels: the images are shared out as a whole.
    private void RepeatedInputGradient(float* dy, float* g, float* dx)
    {
        var parts = KernelThreads.PartsFor(Images, Work);
        var u = Scratch.OfCall(NumberOfPoints * Weights).Take(NumberOfPoints * Weights);
        TransformFilters(g, OutChannels, InChannels, swapped: true, mirrored: false, u);
        if (parts == 1)
        {
            RepeatedInputGradient(dy, u, dx, 0, Images);
            return;
        }

        RepeatedInputGradientInParts(parts, dy, u, dx);
    }

    private void RepeatedInputGradientInParts(int parts, float* dy, float* u, float* dx) => KernelThreads.Run(
        parts,
        part => RepeatedInputGradient(dy, u, dx, KernelThreads.Begin(part, parts, Images), KernelThreads.Begin(part + 1, parts, Images)));

    private void RepeatedInputGradient(float* dy, float* u, float* dx, int begin, int end)
    {
        var (tilesOfImage, length) = (Grid.Count / Images, Height / 2 * (Width / 2) * InChannels);
        for (var image = begin; image < end; image++)
        {
            new Span<float>(dx + ((long)image * length), length).Clear();
        }

        AddRepeatedInputGradient(dy, u, dx, begin * tilesOfImage, end * tilesOfImage);
    }

    // dV = dM U^T for some tiles.
    private void AddRepeatedInputGradient(float* dy, float* u, float* dx, int begin, int end)
    {
        var block = BlockOf(end - begin);
        var (vStride, mStride) = ((block * InChannels) + Line, (block * OutChannels) + Line);
        var scratch = Scratch.OfPart((NumberOfPoints * (vStride + mStride)) + (2 * Scratch.Rounded(Widest)));
        float* dv = scratch.Take(NumberOfPoints * vStride), dm = scratch.Take(NumberOfPoints * mStride);
        float* zeros = scratch.TakeZeros(Widest), unused = scratch.Take(Widest);
        for (var first = begin; first < end; first += block)
        {
            var count = Math.Min(block, end - first);
            Grid.TransformGradient(dy, OutChannels, first, count, zeros, dm, mStride);
            foreach (var point in Points)
            {
                MatrixKernel.Multiply(
                    dm + (point * mStride),
                    OutChannels,
                    1,
                    u + (point * Weights),
                    dv + (point * vStride),
                    MatrixKernel.RoundedRows(count),
                    InChannels,
                    OutChannels,
                    adds: false);
            }

            Grid.AddInputGradient(dv, vStride, InChannels, first, count, dx, unused);
        }
    }

    // U, [point][rows][columns]: rows are the channels that go in, and columns those that come out; swapped, filters are [rows][columns][3][3].
    private void TransformFilters(float* g, int rows, int columns, bool swapped, bool mirrored, float* u)
    {
        var parts = KernelThreads.PartsFor(rows, 4.0 * NumberOfPoints * Weights);
        if (parts == 1)
        {
            TransformFilters(g, rows, columns, swapped, mirrored, u, 0, rows);
            return;
        }

        TransformFiltersInParts(g, rows, columns, swapped, mirrored, u, parts);
    }

    private void TransformFiltersInParts(float* g, int rows, int columns, bool swapped, bool mirrored, float* u, int parts) =>
        KernelThreads.Run(parts, part => TransformFilters(
            g,
            rows,
            columns,
            swapped,
            mirrored,
            u,
            KernelThreads.Begin(part, parts, rows),
            KernelThreads.Begin(part + 1, parts, rows)));

    private void TransformFilters(float* g, int rows, int columns, bool swapped, bool mirrored, float* u, int begin, int end)
    {
        for (var row = begin; row < end; row++)
        {
            for (var column = 0; column < columns; column += WinogradFilters.Lanes)
            {
                var (first, distance) = swapped ? (((row * columns) + column) * 9, 9) : (((column * rows) + row) * 9, 9 * rows);
                var target = u + (row * columns) + column;
                if (IsLarge)
                {
                    LargeWinogradFilters.Transform(g + first, distance, mirrored, target, rows * columns);
                }
                else
                {
                    WinogradFilters.Transform(g + first, distance, mirrored, target, rows * columns);
                }
            }
        }
    }
}
