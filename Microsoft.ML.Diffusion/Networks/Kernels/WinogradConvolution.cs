namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>A 3x3 convolution with padding 1 of images in channels-last order, by <see cref="Winograd"/>'s transforms, on the calling thread.</summary>
/// <remarks>Tiles are computed in blocks that stay in the core's own cache: transformed, multiplied at each of the 16 points, transformed back.</remarks>
/// <param name="Images">N.</param>
/// <param name="Height">H.</param>
/// <param name="Width">W.</param>
/// <param name="InChannels">C_in.</param>
/// <param name="OutChannels">C_out.</param>
internal readonly unsafe record struct WinogradConvolution(int Images, int Height, int Width, int InChannels, int OutChannels)
{
    private const int CacheFloats = 96 * 1024; // of a block's transformed tiles
    private const int MinimumTiles = 32;
    private const int Line = 16; // floats between two points, so that they do not fall on the same place of the cache

    private int TilesHigh => (Height + 1) / 2;

    private int TilesWide => (Width + 1) / 2;

    private int Tiles => Images * TilesHigh * TilesWide;

    private int TilesOfBlock => Math.Min(Math.Max(MinimumTiles, CacheFloats / (Winograd.Points * (InChannels + OutChannels)) / MatrixKernel.Rows * MatrixKernel.Rows), (Tiles + MatrixKernel.Rows - 1) / MatrixKernel.Rows * MatrixKernel.Rows);

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
    public void InputGradient(float* dy, float* g, float* dx) =>
        (this with { InChannels = OutChannels, OutChannels = InChannels }).Convolve(dy, g, mirrored: true, null, 0, dx);

    /// <summary>dg and the gradient of each image's bias, from X and dY.</summary>
    /// <param name="x">[N][H][W][C_in].</param>
    /// <param name="dy">[N][H][W][C_out].</param>
    /// <param name="dg">[C_out][C_in][3][3].</param>
    public void FilterGradient(float* x, float* dy, float* dg)
    {
        var (block, points) = (TilesOfBlock, InChannels * OutChannels);
        var (vStride, mStride) = ((block * InChannels) + Line, (block * OutChannels) + Line);
        var scratch = Scratch.Of((Winograd.Points * (points + vStride + mStride)) + Math.Max(InChannels, OutChannels));
        float* du = scratch.Take(Winograd.Points * points), v = scratch.Take(Winograd.Points * vStride), dm = scratch.Take(Winograd.Points * mStride);
        var zeros = Zeros(scratch, Math.Max(InChannels, OutChannels));
        for (var first = 0; first < Tiles; first += block)
        {
            var count = Math.Min(block, Tiles - first);
            Gather(x, InChannels, first, count, zeros, v, vStride);
            Scatter(first, count, dy, zeros, OutChannels, dm, mStride);
            for (var point = 0; point < Winograd.Points; point++)
            {
                // dU = V^T dM, added up over the blocks.
                MatrixKernel.Multiply(v + (point * vStride), 1, InChannels, dm + (point * mStride), du + (point * points), InChannels, OutChannels, count, adds: first > 0);
            }
        }

        for (var i = 0; i < InChannels; i++)
        {
            for (var o = 0; o < OutChannels; o += 8)
            {
                Winograd.FilterGradients(du + (i * OutChannels) + o, points, dg + (((o * InChannels) + i) * 9), 9 * InChannels);
            }
        }
    }

    private void Convolve(float* x, float* g, bool mirrored, float* bias, int biasStride, float* y)
    {
        var (block, points) = (TilesOfBlock, InChannels * OutChannels);
        var (vStride, mStride) = ((block * InChannels) + Line, (block * OutChannels) + Line);
        var widest = Math.Max(InChannels, OutChannels);
        var scratch = Scratch.Of((Winograd.Points * (points + vStride + mStride)) + (2 * widest));
        float* u = scratch.Take(Winograd.Points * points), v = scratch.Take(Winograd.Points * vStride), m = scratch.Take(Winograd.Points * mStride);
        float* zeros = Zeros(scratch, widest), unused = scratch.Take(widest);
        Transform(g, mirrored, u);
        for (var first = 0; first < Tiles; first += block)
        {
            var count = Math.Min(block, Tiles - first);
            Gather(x, InChannels, first, count, zeros, v, vStride);
            for (var point = 0; point < Winograd.Points; point++)
            {
                // M = V U. Rows beyond the last tile are computed and never read.
                MatrixKernel.Multiply(v + (point * vStride), InChannels, 1, u + (point * points), m + (point * mStride), Rounded(count), OutChannels, InChannels, adds: false);
            }

            Store(first, count, m, mStride, bias is null ? zeros : bias, bias is null ? 0 : biasStride, y, unused);
        }
    }

    private static int Rounded(int tiles) => (tiles + MatrixKernel.Rows - 1) / MatrixKernel.Rows * MatrixKernel.Rows;

    private static float* Zeros(Scratch scratch, int count)
    {
        var zeros = scratch.Take(count);
        new Span<float>(zeros, count).Clear();
        return zeros;
    }

    // U, [16][C_in][C_out]. Of mirrored filters the channels have changed places.
    private void Transform(float* g, bool mirrored, float* u)
    {
        var points = InChannels * OutChannels;
        for (var i = 0; i < InChannels; i++)
        {
            for (var o = 0; o < OutChannels; o += 8)
            {
                var (first, distance) = mirrored ? (((i * OutChannels) + o) * 9, 9) : (((o * InChannels) + i) * 9, 9 * InChannels);
                Winograd.Filters(g + first, distance, mirrored, u + (i * OutChannels) + o, points);
            }
        }
    }

    // V of tiles in a row, [16][tile][C].
    private void Gather(float* x, int channels, int first, int count, float* zeros, float* v, int stride)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[16];
        for (var i = 0; i < count; i++)
        {
            for (var row = 0; row < 4; row++)
            {
                var top = (2 * tile.Row) - 1 + row;
                var line = x + ((((long)tile.Image * Height) + top) * Width * channels);
                for (var column = 0; column < 4; column++)
                {
                    var left = (2 * tile.Column) - 1 + column;
                    pixels[(row * 4) + column] = (uint)top < (uint)Height && (uint)left < (uint)Width ? line + (left * channels) : zeros;
                }
            }

            Winograd.Input(pixels, channels, v + (i * channels), stride);
            tile = Next(tile);
        }
    }

    // dM of tiles in a row, [16][tile][C].
    private void Scatter(int first, int count, float* dy, float* zeros, int channels, float* dm, int stride)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[4];
        for (var i = 0; i < count; i++)
        {
            Square(tile, dy, channels, zeros, pixels);
            Winograd.OutputGradient(pixels, channels, dm + (i * channels), stride);
            tile = Next(tile);
        }
    }

    // The outputs of tiles in a row.
    private void Store(int first, int count, float* m, int stride, float* bias, int biasStride, float* y, float* unused)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[4];
        for (var i = 0; i < count; i++)
        {
            Square(tile, y, OutChannels, unused, pixels);
            Winograd.Output(m + (i * OutChannels), stride, bias + (tile.Image * biasStride), OutChannels, pixels);
            tile = Next(tile);
        }
    }

    // The four pixels of a tile's output; those outside of the image are at another place.
    private void Square((int Image, int Row, int Column) tile, float* y, int channels, float* outside, float** pixels)
    {
        var (top, left) = (2 * tile.Row, 2 * tile.Column);
        var pixel = y + ((((((long)tile.Image * Height) + top) * Width) + left) * channels);
        var (right, below) = (left + 1 < Width, top + 1 < Height);
        pixels[0] = pixel;
        pixels[1] = right ? pixel + channels : outside;
        pixels[2] = below ? pixel + (Width * channels) : outside;
        pixels[3] = right && below ? pixel + ((Width + 1) * channels) : outside;
    }

    private (int Image, int Row, int Column) Start(int tile)
    {
        var (rows, column) = Math.DivRem(tile, TilesWide);
        var (image, row) = Math.DivRem(rows, TilesHigh);
        return (image, row, column);
    }

    private (int Image, int Row, int Column) Next((int Image, int Row, int Column) tile) =>
        tile.Column + 1 < TilesWide ? tile with { Column = tile.Column + 1 }
        : tile.Row + 1 < TilesHigh ? (tile.Image, tile.Row + 1, 0)
        : (tile.Image + 1, 0, 0);
}
