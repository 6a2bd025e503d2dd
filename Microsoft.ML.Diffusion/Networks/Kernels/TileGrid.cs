namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>The tiles of a batch of images, numbered row by row and image by image.</summary>
/// <param name="Images">N.</param>
/// <param name="Height">H of the result.</param>
/// <param name="Width">W of the result.</param>
/// <param name="Doubles">Whether the images before the convolution have half of these sides; then tiles are small.</param>
/// <param name="Side">Rows and columns of results of a tile: 2 (<see cref="Winograd"/>) or 4 (<see cref="LargeWinograd"/>).</param>
internal readonly unsafe record struct TileGrid(int Images, int Height, int Width, bool Doubles, int Side)
{
    /// <summary>The number of tiles.</summary>
    public int Count => Images * Rows * Columns;

    private int Rows => (Height + Side - 1) / Side;

    private int Columns => (Width + Side - 1) / Side;

    /// <summary>V of <paramref name="count"/> tiles from <paramref name="first"/>, [point][tile][channels].</summary>
    public void Transform(float* x, int channels, int first, int count, float* zeros, float* v, int stride)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[LargeWinograd.Points];
        for (var i = 0; i < count; i++)
        {
            if (Doubles)
            {
                Around(tile, x, channels, zeros, pixels);
                Winograd.RepeatedInput(pixels, channels, v + (i * channels), stride);
            }
            else
            {
                var (top, left) = ((Side * tile.Row) - 1, (Side * tile.Column) - 1);
                Neighbourhood(x, tile.Image, Height, Width, top, left, Side + 2, channels, zeros, pixels);
                if (Side == 2)
                {
                    Winograd.Input(pixels, channels, v + (i * channels), stride);
                }
                else
                {
                    LargeWinograd.Input(pixels, channels, v + (i * channels), stride);
                }
            }

            tile = Next(tile);
        }
    }

    /// <summary>dM of tiles, [point][tile][channels].</summary>
    public void TransformGradient(float* dy, int channels, int first, int count, float* zeros, float* dm, int stride)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[16];
        for (var i = 0; i < count; i++)
        {
            Neighbourhood(dy, tile.Image, Height, Width, Side * tile.Row, Side * tile.Column, Side, channels, zeros, pixels);
            if (Side == 2)
            {
                Winograd.OutputGradient(pixels, channels, dm + (i * channels), stride);
            }
            else
            {
                LargeWinograd.OutputGradient(pixels, channels, dm + (i * channels), stride);
            }

            tile = Next(tile);
        }
    }

    /// <summary>The results of tiles; what lies outside of an image is written to <paramref name="unused"/>.</summary>
    public void TransformBack(
        float* m,
        int stride,
        int channels,
        int first,
        int count,
        float* bias,
        int biasStride,
        float* y,
        float* unused)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[16];
        for (var i = 0; i < count; i++)
        {
            Neighbourhood(y, tile.Image, Height, Width, Side * tile.Row, Side * tile.Column, Side, channels, unused, pixels);
            var addends = bias + (tile.Image * biasStride);
            if (Side == 2)
            {
                Winograd.Output(m + (i * channels), stride, addends, channels, pixels);
            }
            else
            {
                LargeWinograd.Output(m + (i * channels), stride, addends, channels, pixels);
            }

            tile = Next(tile);
        }
    }

    /// <summary>Adds the gradients of the images that are repeated; what lies outside of them is added to <paramref name="unused"/>.</summary>
    public void AddInputGradient(float* dv, int stride, int channels, int first, int count, float* dx, float* unused)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[9];
        for (var i = 0; i < count; i++)
        {
            Around(tile, dx, channels, unused, pixels);
            Winograd.AddRepeatedInputGradient(dv + (i * channels), stride, channels, pixels);
            tile = Next(tile);
        }
    }

    // The pixel that a tile repeats, and the eight around it.
    private void Around((int Image, int Row, int Column) tile, float* x, int channels, float* outside, float** pixels) =>
        Neighbourhood(x, tile.Image, Height / 2, Width / 2, tile.Row - 1, tile.Column - 1, 3, channels, outside, pixels);

    // Where a square of pixels begins, row by row; those outside of the image are elsewhere.
    private static void Neighbourhood(
        float* images,
        int image,
        int height,
        int width,
        int top,
        int left,
        int side,
        int channels,
        float* outside,
        float** pixels)
    {
        for (var row = top; row < top + side; row++)
        {
            var line = images + ((((long)image * height) + row) * width * channels);
            for (var column = left; column < left + side; column++)
            {
                *pixels++ = (uint)row < (uint)height && (uint)column < (uint)width ? line + (column * channels) : outside;
            }
        }
    }

    private (int Image, int Row, int Column) Start(int tile)
    {
        var (row, column) = Math.DivRem(tile, Columns);
        var (image, rowOfImage) = Math.DivRem(row, Rows);
        return (image, rowOfImage, column);
    }

    private (int Image, int Row, int Column) Next((int Image, int Row, int Column) tile) =>
        tile.Column + 1 < Columns ? tile with { Column = tile.Column + 1 }
        : tile.Row + 1 < Rows ? (tile.Image, tile.Row + 1, 0)
        : (tile.Image + 1, 0, 0);
}
