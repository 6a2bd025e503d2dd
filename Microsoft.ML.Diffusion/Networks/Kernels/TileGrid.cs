namespace Microsoft.ML.Diffusion.Networks.Kernels;

/// <summary>The tiles of a batch of images, each of 2x2 results, numbered row by row and image by image.</summary>
/// <param name="Images">N.</param>
/// <param name="Height">H of the result.</param>
/// <param name="Width">W of the result.</param>
/// <param name="Doubles">Whether the images before the convolution have half of these sides.</param>
internal readonly unsafe record struct TileGrid(int Images, int Height, int Width, bool Doubles)
{
    /// <summary>The number of tiles.</summary>
    public int Count => Images * Rows * Columns;

    private int Rows => (Height + 1) / 2;

    private int Columns => (Width + 1) / 2;

    /// <summary>V of <paramref name="count"/> tiles from <paramref name="first"/>, [16][tile][channels].</summary>
    public void Transform(float* x, int channels, int first, int count, float* zeros, float* v, int stride)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[16];
        for (var i = 0; i < count; i++)
        {
            if (Doubles)
            {
                Around(tile, x, channels, zeros, pixels);
                Winograd.RepeatedInput(pixels, channels, v + (i * channels), stride);
            }
            else
            {
                Neighbourhood(x, tile.Image, Height, Width, (2 * tile.Row) - 1, (2 * tile.Column) - 1, 4, channels, zeros, pixels);
                Winograd.Input(pixels, channels, v + (i * channels), stride);
            }

            tile = Next(tile);
        }
    }

    /// <summary>dM of tiles, [16][tile][channels].</summary>
    public void TransformGradient(float* dy, int channels, int first, int count, float* zeros, float* dm, int stride)
    {
        var tile = Start(first);
        var pixels = stackalloc float*[4];
        for (var i = 0; i < count; i++)
        {
            Neighbourhood(dy, tile.Image, Height, Width, 2 * tile.Row, 2 * tile.Column, 2, channels, zeros, pixels);
            Winograd.OutputGradient(pixels, channels, dm + (i * channels), stride);
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
        var pixels = stackalloc float*[4];
        for (var i = 0; i < count; i++)
        {
            Neighbourhood(y, tile.Image, Height, Width, 2 * tile.Row, 2 * tile.Column, 2, channels, unused, pixels);
            Winograd.Output(m + (i * channels), stride, bias + (tile.Image * biasStride), channels, pixels);
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
