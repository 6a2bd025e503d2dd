namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>How a vector says pixels, as in ExtractPixels: value = (pixel - offset) * scale.</summary>
internal readonly record struct PixelEncoding(float Offset, float Scale)
{
    public float ToPixel(float value) => (value / Scale) + Offset;

    public float FromPixel(byte pixel) => (pixel - Offset) * Scale;
}
