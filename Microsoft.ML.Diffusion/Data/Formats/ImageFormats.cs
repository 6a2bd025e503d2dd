namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>Tells the format of an image from how its file begins, so that a decoder only sees files that are meant for it.</summary>
internal static class ImageFormats
{
    public const string Readable = "PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM or TGA";

    public const string Png = "PNG";
    public const string Jpeg = "JPEG";
    public const string WebP = "WebP";
    public const string Gif = "GIF";
    public const string Bmp = "BMP";
    public const string Tga = "TGA";

    private const int SignatureBytes = 132;

    private static readonly (string Name, bool IsReadable, int Offset, byte[] Bytes)[] _signatures =
    [
        (Png, true, 0, [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']),
        (Jpeg, true, 0, [0xFF, 0xD8, 0xFF]),
        (WebP, true, 8, [.. "WEBP"u8]),
        (Gif, true, 0, [.. "GIF8"u8]),
        (Bmp, true, 0, [.. "BM"u8]),
        (TiffDirectory.Format, true, 0, [.. "II*\0"u8]),
        (TiffDirectory.Format, true, 0, [.. "MM\0*"u8]),
        ("BigTIFF", false, 0, [.. "II+\0"u8]),
        ("BigTIFF", false, 0, [.. "MM\0+"u8]),
        ("PAM", false, 0, [.. "P7\n"u8]),
        ("PFM", false, 0, [.. "Pf\n"u8]),
        ("PFM", false, 0, [.. "PF\n"u8]),
        ("AVIF", false, 4, [.. "ftypavif"u8]),
        ("HEIC", false, 4, [.. "ftyphei"u8]),
        ("HEIC", false, 4, [.. "ftypmif1"u8]),
        ("JPEG XL", false, 0, [0xFF, 0x0A]),
        ("JPEG XL", false, 4, [.. "JXL "u8]),
        ("JPEG 2000", false, 4, [.. "jP  "u8]),
        ("OpenEXR", false, 0, [0x76, 0x2F, 0x31, 0x01]),
        ("DICOM", false, 128, [.. "DICM"u8]),
        ("ICO", false, 0, [0, 0, 1, 0]),
        ("Photoshop", false, 0, [.. "8BPS"u8]),
        ("SVG", false, 0, [.. "<svg"u8]),
    ];

    private static readonly string[] _pnm = ["PBM", "PGM", "PPM", "PBM", "PGM", "PPM"];

    /// <summary>The name of the format.</summary>
    /// <exception cref="InvalidDataException">It is none that can be read.</exception>
    public static string Recognize(ImageBytes file)
    {
        var start = file.Start(SignatureBytes);
        foreach (var (name, isReadable, offset, bytes) in _signatures)
        {
            if (start.Length >= offset + bytes.Length && start.AsSpan(offset, bytes.Length).SequenceEqual(bytes))
            {
                return isReadable
                    ? name
                    : throw new InvalidDataException($"its format is {name}, which cannot be read; convert it to {Readable}");
            }
        }

        return start is [(byte)'P', >= (byte)'1' and <= (byte)'6', var between, ..] && " \t\n\r#"u8.Contains(between) ? _pnm[start[1] - '1']
            : TgaHeader.Read(file) is not null ? Tga
            : throw new InvalidDataException($"its content is not that of an image ({Readable})");
    }
}
