using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>The image of a row: planes [C, H, W] of bytes.</summary>
internal readonly record struct RowImage(byte[] Pixels, ImageShape Shape)
{
    /// <summary>The planes of an image with another number of channels, 1 or 3.</summary>
    public byte[] WithChannels(int channels) => (Shape.Channels, channels) switch
    {
        (3, 1) => ImagePixels.ToGrey(Pixels),
        (1, 3) => [.. Pixels, .. Pixels, .. Pixels],
        _ => Pixels,
    };
}
