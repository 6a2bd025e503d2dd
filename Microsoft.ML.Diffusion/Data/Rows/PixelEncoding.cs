namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>How a vector says pixels, as in ExtractPixels: value = (pixel - offset) * scale.</summary>
internal readonly record struct PixelEncoding(float Offset, float Scale)
{
    /// <summary>What ExtractPixels makes with scaleImage: 1 / 255f.</summary>
    public static PixelEncoding ZeroToOne => new(0, 1 / 255f);

    /// <summary>What it makes with offsetImage: 127.5f and scaleImage: 1 / 127.5f.</summary>
    public static PixelEncoding MinusOneToOne => new(127.5f, 1 / 127.5f);

    public float ToPixel(float value) => (value / Scale) + Offset;

    public float FromPixel(byte pixel) => (pixel - Offset) * Scale;
}
