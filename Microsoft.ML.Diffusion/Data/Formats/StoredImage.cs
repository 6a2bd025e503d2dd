namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>An image as a file holds it, before it is turned upright.</summary>
/// <param name="Width">The stored width.</param>
/// <param name="Height">The stored height.</param>
/// <param name="Orientation">The EXIF orientation, 1 to 8; 1 is upright.</param>
internal abstract record StoredImage(int Width, int Height, int Orientation);

/// <summary>An image of at most 8 bits a channel.</summary>
/// <param name="Width">The stored width.</param>
/// <param name="Height">The stored height.</param>
/// <param name="Orientation">The EXIF orientation.</param>
/// <param name="Pixels">Straight red, green, blue and alpha of each pixel, 0 to 255.</param>
internal sealed record ByteImage(int Width, int Height, int Orientation, byte[] Pixels) : StoredImage(Width, Height, Orientation);

/// <summary>An image of more than 8 bits a channel, of signed or of floating-point numbers.</summary>
/// <param name="Width">The stored width.</param>
/// <param name="Height">The stored height.</param>
/// <param name="Orientation">The EXIF orientation.</param>
/// <param name="Channels">1 (grey) or 3.</param>
/// <param name="Values">[H, W, C]: the file's own numbers, which NaN can be among.</param>
/// <param name="Alpha">[H, W], 0 to 1, or null for an opaque image; the values are not multiplied by it.</param>
/// <param name="IsFloat">Whether the numbers are floating-point numbers.</param>
/// <param name="Black">The least number of the format.</param>
/// <param name="White">The greatest, 1 for floating-point numbers.</param>
internal sealed record DeepImage(
    int Width,
    int Height,
    int Orientation,
    int Channels,
    float[] Values,
    float[]? Alpha,
    bool IsFloat,
    double Black,
    double White) : StoredImage(Width, Height, Orientation);
