using SkiaSharp;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Files of one image in each format that carries an orientation.</summary>
internal static class OrientedFiles
{
    private const int Orientation = 0x0112;

    /// <summary>A file with an orientation.</summary>
    /// <param name="format">JPEG, PNG, DeepPNG, WebP or TIFF.</param>
    /// <param name="width">Width.</param>
    /// <param name="height">Height.</param>
    /// <param name="rgba">The stored pixels.</param>
    /// <param name="exif">From <see cref="Exif"/>.</param>
    public static byte[] Of(string format, int width, int height, byte[] rgba, byte[] exif) => format switch
    {
        "JPEG" => PictureFiles.WithSegment(
            PictureFiles.Encode(SKEncodedImageFormat.Jpeg, width, height, rgba),
            0xE1,
            [.. "Exif\0\0"u8, .. exif]),
        "PNG" => PictureFiles.WithChunk(PictureFiles.Encode(SKEncodedImageFormat.Png, width, height, rgba), "eXIf"u8, exif),
        "DeepPNG" => PictureFiles.WithChunk(DeepPng(width, height, rgba), "eXIf"u8, exif),
        "WebP" => PictureFiles.WithRiffChunk(PictureFiles.Encode(SKEncodedImageFormat.Webp, width, height, rgba), width, height, exif),
        _ => throw new ArgumentException($"No files of {format}."),
    };

    /// <summary>A TIFF structure with an orientation.</summary>
    /// <param name="orientation">From 1 to 8.</param>
    /// <param name="type">1 BYTE, 3 SHORT, 4 LONG, ...</param>
    /// <param name="isLittle">The order of bytes.</param>
    public static byte[] Exif(int orientation, int type, bool isLittle)
    {
        var file = new TiffFile(isLittle);
        var size = type is 1 or 6 or 7 ? 1 : type is 3 or 8 ? 2 : 4;
        return
        [
            .. isLittle ? "II*\0"u8 : "MM\0*"u8, .. file.Numbers(4, [8]), .. file.Numbers(2, [2]),
            .. file.Numbers(2, [0x010F, 2]), .. file.Numbers(4, [2]), (byte)'x', 0, 0, 0, // the camera's maker
            .. file.Numbers(2, [Orientation, type]), .. file.Numbers(4, [1]), .. file.Numbers(size, [orientation]), .. new byte[4 - size],
            0, 0, 0, 0,
        ];
    }

    private static byte[] DeepPng(int width, int height, byte[] rgba)
    {
        var rows = rgba.Chunk(4 * width).SelectMany(row => (byte[])[0, .. row.SelectMany(value => (byte[])[value, value])]);
        return PictureFiles.Png(width, height, 16, 6, [.. rows]);
    }
}
