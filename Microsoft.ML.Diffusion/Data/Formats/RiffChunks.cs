using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The chunks of a WebP file.</summary>
internal static class RiffChunks
{
    private const int HeaderBytes = 12;

    public static int Orientation(ReadOnlySpan<byte> file)
    {
        for (var rest = file[Math.Min(file.Length, HeaderBytes)..]; rest.Length >= 8;)
        {
            var length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
            if (length > rest.Length - 8)
            {
                break;
            }

            if (rest.StartsWith("EXIF"u8))
            {
                return ExifOrientation.Of(rest.Slice(8, (int)length));
            }

            rest = rest[Math.Min(rest.Length, 8 + (int)length + ((int)length % 2))..];
        }

        return ExifOrientation.Upright;
    }
}
