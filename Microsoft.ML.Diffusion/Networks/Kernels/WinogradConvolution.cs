namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>A 3x3 convolution with padding 1 of images in channels-last order, by <see cref="Winograd"/>'s transforms, on the calling thread.</summary>
/// <remarks>
/// Tiles are computed in blocks that stay in the core's own cache: transformed, multiplied at each of the 16 points, transformed back. Of images whose
/// pixels are repeated first, 9 points are enough, and nothing is repeated in memory.
/// </remarks>
/// <param name="Images">N.</param>
/// <param name="Height">H of the result.</param>
/// <param name="Width">W of the result.</param>
/// <param name="InChannels">C_in.</param>
/// <param name="OutChannels">C_out.</param>
/// <param name="Doubles">Whether each pixel is repeated to 2x2 before the convolution: images are [N][H/2][W/2][C_in].</param>
internal readonly unsafe record struct WinogradConvolution(int Images, int Height, int Width, int InChannels, int OutChannels, bool Doubles = false)
{
    private const int CacheFloats = 96 * 1024; // of a block's transformed tiles
    private const int MinimumTiles = 32;
    private const int Line = 16; // floats between two points, so that they do not fall on the same place of the cache

    private TileGrid Grid => new(Images, Height, Width, Doubles);

    private int Weights => InChannels * OutChannels;

    private int Widest => Math.Max(InChannels, OutChannels);

    private ReadOnlySpan<int> Points => Doubles ? Winograd.PointsOfRepeated : Winograd.PointsOfTile;

    private int TilesOfBlock => Math.Min(Rounded(Grid.Count), Math.Max(MinimumTiles, CacheFloats / (Winograd.Points * (InChannels + OutChannels)) / MatrixKernel.Rows * MatrixKernel.Rows));

    /// <summary>Whether these numbers of channels are computed here.</summary>
    public static bool Fits(long inChannels, long outChannels) => inChannels % MatrixKernel.Columns == 0 && outChannels % MatrixKernel.Columns == 0;

    /// <summary>Y = X * g + bias.</summary>
    /// <param name="x">[N][H][W][C_in].</param>
    /// <param name="g">The filters, [C_out][C_in][3][3].</param>
    /// <param name="bias">[C_out] for each image.</param>
    /// <param name="biasStride">Floats between the biases of two images; 0 if all have the same.</param>
    /// <param name="y">[N][H][W][C_out].</param>
    public void Forward(float* x, float* g, float* bias, int biasStride, float* y) => Convolve(x, g, mirrored: false, bias, biasStride, y);

    /// <summary>dX, from dY.</summary>
    /// <param name="dy">[N][H][W][C_out].</param>
    /// <param name="g">The filters, [C_out][C_in][3][3].</param>
    /// <param name="dx">[N][H][W][C_in].</param>
    public void InputGradient(float* dy, float* g, float* dx)
    {
        if (Doubles)
        {
            RepeatedInputGradient(dy, g, dx);
        }
        else
        {
            (this with { InChannels = OutChannels, OutChannels = InChannels }).Convolve(dy, g, mirrored: true, null, 0, dx);
        }
    }

    /// <summary>dg, from X and dY.</summary>
    /// <param name="x">[N][H][W][C_in].</param>
    /// <param name="dy">[N][H][W][C_out].</param>
    /// <param name="dg">[C_out][C_in][3][3].</param>
    public void FilterGradient(float* x, float* dy, float* dg)
    {
        var block = TilesOfBlock;
        var (vStride, mStride) = ((block * InChannels) + Line, (block * OutChannels) + Line);
        var scratch = Scratch.Of((Winograd.Points * (Weights + vStride + mStride)) + Widest);
        float* du = scratch.Take(Winograd.Points * Weights), v = scratch.Take(Winograd.Points * vStride), dm = scratch.Take(Winograd.Points * mStride);
        var zeros = scratch.TakeZeros(Widest);
        new Span<float>(du, Winograd.Points * Weights).Clear();
        for (var first = 0; first < Grid.Count; first += block)
        {
            var count = Math.Min(block, Grid.Count - first);
            Grid.Transform(x, InChannels, first, count, zeros, v, vStride);
            Grid.TransformGradient(dy, OutChannels, first, count, zeros, dm, mStride);
            foreach (var point in Points)
            {
                // dU = V^T dM, added up over the blocks.
                MatrixKernel.Multiply(v + (point * vStride), 1, InChannels, dm + (point * mStride), du + (point * Weights), InChannels, OutChannels, count, adds: true);
            }
        }

        for (var i = 0; i < InChannels; i++)
        {
            for (var o = 0; o < OutChannels; o += 8)
            {
                WinogradFilters.TransformBack(du + (i * OutChannels) + o, Weights, dg + (((o * InChannels) + i) * 9), 9 * InChannels);
            }
        }
    }

    private void Convolve(float* x, float* g, bool mirrored, float* bias, int biasStride, float* y)
    {
        var block = TilesOfBlock;
        var (vStride, mStride) = ((block * InChannels) + Line, (block * OutChannels) + Line);
        var scratch = Scratch.Of((Winograd.Points * (Weights + vStride + mStride)) + (2 * Widest));
        float* u = scratch.Take(Winograd.Points * Weights), v = scratch.Take(Winograd.Points * vStride), m = scratch.Take(Winograd.Points * mStride);
        float* zeros = scratch.TakeZeros(Widest), unused = scratch.Take(Widest);
        new Span<float>(m, Doubles ? Winograd.Points * mStride : 0).Clear(); // the points that are not multiplied stay zero
        TransformFilters(g, InChannels, OutChannels, swapped: mirrored, mirrored, u);
        for (var first = 0; first < Grid.Count; first += block)
        {
            var count = Math.Min(block, Grid.Count - first);
            Grid.Transform(x, InChannels, first, count, zeros, v, vStride);
            foreach (var point in Points)
            {
                // M = V U. Rows beyond the last tile are computed and never read.
                MatrixKernel.Multiply(v + (point * vStride), InChannels, 1, u + (point * Weights), m + (point * mStride), Rounded(count), OutChannels, InChannels, adds: false);
            }

            Grid.TransformBack(m, mStride, OutChannels, first, count, bias is null ? zeros : bias, bias is null ? 0 : biasStride, y, unused);
        }
    }

    private void RepeatedInputGradient(float* dy, float* g, float* dx)
    {
        var block = TilesOfBlock;
        var (vStride, mStride) = ((block * InChannels) + Line, (block * OutChannels) + Line);
        var scratch = Scratch.Of((Winograd.Points * (Weights + vStride + mStride)) + (2 * Widest));
        float* u = scratch.Take(Winograd.Points * Weights), dv = scratch.Take(Winograd.Points * vStride), dm = scratch.Take(Winograd.Points * mStride);
        float* zeros = scratch.TakeZeros(Widest), unused = scratch.Take(Widest);
        TransformFilters(g, OutChannels, InChannels, swapped: true, mirrored: false, u);
        new Span<float>(dx, Images * (Height / 2) * (Width / 2) * InChannels).Clear();
        for (var first = 0; first < Grid.Count; first += block)
        {
            var count = Math.Min(block, Grid.Count - first);
            Grid.TransformGradient(dy, OutChannels, first, count, zeros, dm, mStride);
            foreach (var point in Points)
            {
                // dV = dM U^T.
                MatrixKernel.Multiply(dm + (point * mStride), OutChannels, 1, u + (point * Weights), dv + (point * vStride), Rounded(count), InChannels, OutChannels, adds: false);
            }

            Grid.AddInputGradient(dv, vStride, InChannels, first, count, dx, unused);
        }
    }

    private static int Rounded(int tiles) => (tiles + MatrixKernel.Rows - 1) / MatrixKernel.Rows * MatrixKernel.Rows;

    // U, [16][rows][columns]: rows are the channels that go in, and columns those that come out; swapped, filters are [rows][columns][3][3].
    private static void TransformFilters(float* g, int rows, int columns, bool swapped, bool mirrored, float* u)
    {
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column += 8)
            {
                var (first, distance) = swapped ? (((row * columns) + column) * 9, 9) : (((column * rows) + row) * 9, 9 * rows);
                WinogradFilters.Transform(g + first, distance, mirrored, u + (row * columns) + column, rows * columns);
            }
        }
    }
}
