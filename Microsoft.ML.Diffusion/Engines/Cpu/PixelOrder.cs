using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Images from and to the order of planes, [N][C][H][W], in which callers have them.</summary>
internal static unsafe class PixelOrder
{
    /// <summary>[N][C][H][W] to [N][H][W][C].</summary>
    public static void ToChannelsLast(float* planes, ValueShape shape, int images, float* pixels) =>
        Transpose(planes, shape.Channels, shape.Height * shape.Width, images, pixels);

    /// <summary>[N][H][W][C] to [N][C][H][W].</summary>
    public static void ToPlanes(float* pixels, ValueShape shape, int images, float* planes) =>
        Transpose(pixels, shape.Height * shape.Width, shape.Channels, images, planes);

    // [N][rows][columns] to [N][columns][rows].
    private static void Transpose(float* x, int rows, int columns, int images, float* y)
    {
        for (var image = 0; image < images; image++, x += rows * columns)
        {
            for (var column = 0; column < columns; column++)
            {
                for (var row = 0; row < rows; row++)
                {
                    *y++ = x[(row * columns) + column];
                }
            }
        }
    }
}
