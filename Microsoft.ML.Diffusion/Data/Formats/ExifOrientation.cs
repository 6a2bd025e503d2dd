using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>
/// Finds the orientation in a file's EXIF data, which way up a camera was held: in JPEG, PNG and WebP, in either byte order, and in every
/// type of whole numbers, since programs do not keep to the SHORT of the specification. SkiaSharp finds it in some of these files only.
/// </summary>
internal static class ExifOrientation
{
    public const int Upright = 1;
    public const int Tag = 0x0112;

    private const int EntryBytes = 12;

    /// <summary>Reads the orientation of a TIFF structure, as EXIF data are one; <see cref="Upright"/> where there is none or it is broken.</summary>
    public static int Of(ReadOnlySpan<byte> exif)
    {
        if (exif.StartsWith("Exif\0"u8))
        {
            exif = exif[Math.Min(exif.Length, 6)..]; // the mark of JPEG segments, which some programs also write elsewhere
        }

        var isLittle = exif.StartsWith("II*\0"u8);
        if (exif.Length < 8 || !(isLittle || exif.StartsWith("MM\0*"u8)))
        {
            return Upright;
        }

        long start = UInt32(exif[4..], isLittle);
        if (start > exif.Length - 2)
        {
            return Upright;
        }

        var (entries, count) = ((int)start + 2, UInt16(exif[(int)start..], isLittle));
        for (var at = entries; at < entries + (count * EntryBytes) && at + EntryBytes <= exif.Length; at += EntryBytes)
        {
            var entry = exif.Slice(at, EntryBytes);
            if (UInt16(entry, isLittle) == Tag)
            {
                return Valid(Value(entry[8..], UInt16(entry[2..], isLittle), isLittle));
            }
        }

        return Upright;
    }

    public static int Valid(long value) => value is >= 1 and <= 8 ? (int)value : Upright;

    // BYTE, SHORT, LONG and their signed kin; the value stands in the entry itself.
    private static long Value(ReadOnlySpan<byte> value, int type, bool isLittle) => type switch
    {
        1 or 6 or 7 => value[0],
        3 or 8 => UInt16(value, isLittle),
        4 or 9 => UInt32(value, isLittle),
        _ => Upright,
    };

    private static int UInt16(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

    private static uint UInt32(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
}
