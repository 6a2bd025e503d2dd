namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Tells the format of an image from how its file begins, so that a decoder only sees files that are meant for it.</summary>
internal static class ImageFormats
{
    public const string Readable = "PNG, JPEG, WebP, GIF or BMP";

    /// <summary>Bytes that are needed of a file.</summary>
    public const int SignatureBytes = 16;

    private static readonly (string Name, bool IsReadable, int Offset, byte[] Bytes)[] _signatures =
    [
        ("PNG", true, 0, [0x89, .. "PNG\r\n"u8, 0x1A, (byte)'\n']),
        ("JPEG", true, 0, [0xFF, 0xD8, 0xFF]),
        ("WebP", true, 8, [.. "WEBP"u8]),
        ("GIF", true, 0, [.. "GIF8"u8]),
        ("BMP", true, 0, [.. "BM"u8]),
        ("TIFF", false, 0, [.. "II*\0"u8]),
        ("TIFF", false, 0, [.. "MM\0*"u8]),
        ("AVIF", false, 4, [.. "ftypavif"u8]),
        ("HEIC", false, 4, [.. "ftyphei"u8]),
        ("HEIC", false, 4, [.. "ftypmif1"u8]),
        ("JPEG XL", false, 0, [0xFF, 0x0A]),
        ("JPEG XL", false, 4, [.. "JXL "u8]),
        ("JPEG 2000", false, 4, [.. "jP  "u8]),
        ("ICO", false, 0, [0, 0, 1, 0]),
        ("Photoshop", false, 0, [.. "8BPS"u8]),
        ("SVG", false, 0, [.. "<svg"u8]),
    ];

    /// <summary>The name of the format.</summary>
    /// <exception cref="InvalidDataException">It is none that can be read.</exception>
    public static string Recognize(ReadOnlySpan<byte> start)
    {
        foreach (var (name, isReadable, offset, bytes) in _signatures)
        {
            if (start.Length >= offset + bytes.Length && start.Slice(offset, bytes.Length).SequenceEqual(bytes))
            {
                return isReadable
                    ? name
                    : throw new InvalidDataException($"its format is {name}, which cannot be read; convert it to {Readable}");
            }
        }

        throw new InvalidDataException($"its content is not that of an image ({Readable})");
    }
}
