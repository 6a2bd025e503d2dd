using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>A walk over the markers of a JPEG file (ITU-T T.81, annex B), which decodes nothing.</summary>
internal static class JpegSegments
{
    /// <summary>
    /// The most scans. Each one goes over the whole image, so a small file of many costs minutes. Encoders write about 10; those that search for
    /// the smallest file try up to 64.
    /// </summary>
    public const int MaximumScans = 64;

    private const byte StartOfScan = 0xDA;
    private const byte EndOfImage = 0xD9;
    private const byte Application1 = 0xE1;

    /// <summary>Reads the orientation and counts the scans.</summary>
    /// <exception cref="InvalidDataException">There are too many scans.</exception>
    public static int Orientation(ReadOnlySpan<byte> file)
    {
        var (scans, orientation) = (0, 0);
        for (var position = 2; Next(file, ref position) is var marker && marker != EndOfImage;)
        {
            if (marker == StartOfScan && ++scans > MaximumScans)
            {
                throw new InvalidDataException(
                    FormattableString.Invariant($"it is a JPEG file of more than {MaximumScans} scans, which would take long to decode"));
            }

            var content = Content(file, position);
            if (marker == Application1 && orientation == 0 && scans == 0 && content.StartsWith("Exif\0"u8))
            {
                orientation = ExifOrientation.Of(content);
            }

            position += content.Length + 2;
        }

        return orientation == 0 ? ExifOrientation.Upright : orientation;
    }

    // The next marker that a segment follows, over whatever lies before it, as decoders look for it: pixels of a scan are no markers, since a
    // zero or a restart number follows each 255 in them.
    private static int Next(ReadOnlySpan<byte> file, ref int position)
    {
        while (position < file.Length)
        {
            var found = file[position..].IndexOf(byte.MaxValue);
            if (found < 0 || position + found + 1 >= file.Length)
            {
                break;
            }

            position += found + 1;
            var marker = file[position];
            if (marker is not (0 or 1 or 0xFF or (>= 0xD0 and <= 0xD8)))
            {
                position++;
                return marker;
            }
        }

        return EndOfImage;
    }

    private static ReadOnlySpan<byte> Content(ReadOnlySpan<byte> file, int position)
    {
        if (position + 2 > file.Length)
        {
            return [];
        }

        var length = Math.Max(0, BinaryPrimitives.ReadUInt16BigEndian(file[position..]) - 2);
        return file[(position + 2)..Math.Min(file.Length, position + 2 + length)];
    }
}
