using System.Buffers.Binary;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The header of a TGA file (Truevision, 1991), which has no signature: a file is one if everything in it agrees.</summary>
/// <param name="IsPacked">Whether runs of pixels are packed.</param>
/// <param name="IsGrey">Whether pixels are greys.</param>
/// <param name="IsIndexed">Whether pixels are places in the colour map.</param>
/// <param name="PixelBits">Bits of a stored pixel.</param>
/// <param name="AlphaBits">How many of a colour's bits are alpha.</param>
/// <param name="Width">The width.</param>
/// <param name="Height">The height.</param>
/// <param name="FirstColor">The number of the colour map's first colour.</param>
/// <param name="Colors">The number of its colours.</param>
/// <param name="ColorBits">Bits of each.</param>
/// <param name="ColorsAt">Where they begin.</param>
/// <param name="IsFromRight">Whether rows run from right to left.</param>
/// <param name="IsFromTop">Whether the top row comes first.</param>
internal sealed record TgaHeader(
    bool IsPacked,
    bool IsGrey,
    bool IsIndexed,
    int PixelBits,
    int AlphaBits,
    int Width,
    int Height,
    int FirstColor,
    int Colors,
    int ColorBits,
    int ColorsAt,
    bool IsFromRight,
    bool IsFromTop)
{
    private const int Bytes = 18;
    private const int FooterBytes = 26;

    public int PixelBytes => (PixelBits + 7) / 8;

    public int PixelsAt => ColorsAt + (Colors * ((ColorBits + 7) / 8));

    /// <summary>Reads the header; null if the file is no TGA file.</summary>
    public static TgaHeader? Read(ImageBytes file)
    {
        var header = Read(file.Start(Bytes));
        return header is not null && (HasFooter(file) || header.Fits(file)) ? header : null;
    }

    private static TgaHeader? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < Bytes)
        {
            return null;
        }

        var (hasMap, kind, descriptor) = (bytes[1], bytes[2], bytes[17]);
        var (colors, colorBits) = (BinaryPrimitives.ReadUInt16LittleEndian(bytes[5..]), (int)bytes[7]);
        var header =
            new TgaHeader(
                IsPacked: kind > 8,
                IsGrey: (kind & 7) == 3,
                IsIndexed: (kind & 7) == 1,
                PixelBits: bytes[16],
                AlphaBits: descriptor & 0xF,
                Width: BinaryPrimitives.ReadUInt16LittleEndian(bytes[12..]),
                Height: BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]),
                FirstColor: BinaryPrimitives.ReadUInt16LittleEndian(bytes[3..]),
                colors,
                colorBits,
                ColorsAt: Bytes + bytes[0],
                IsFromRight: (descriptor & 0x10) != 0,
                IsFromTop: (descriptor & 0x20) != 0);
        var isMap = hasMap == 1 && colors > 0 && colorBits is 15 or 16 or 24 or 32;
        var isNoMap = hasMap == 0 && bytes[3..8].IndexOfAnyExcept((byte)0) < 0;
        return kind is 1 or 2 or 3 or 9 or 10 or 11
            && (header.IsIndexed ? isMap : isMap || isNoMap)
            && header is { Width: > 0, Height: > 0, AlphaBits: 0 or 1 or 8 }
            && descriptor >> 6 == 0
            && (header.IsIndexed || header.IsGrey ? header.PixelBits == 8 : header.PixelBits is 15 or 16 or 24 or 32)
                ? header
                : null;
    }

    // Files of before 1989 have none.
    private static bool HasFooter(ImageBytes file) =>
        file.Length >= Bytes + FooterBytes
        && file.Read(file.Length - FooterBytes, FooterBytes).AsSpan(8).SequenceEqual("TRUEVISION-XFILE.\0"u8);

    private bool Fits(ImageBytes file) =>
        IsPacked ? PackedEnd(file) == file.Length : PixelsAt + ((long)Width * Height * PixelBytes) == file.Length;

    // Where the last pixel ends; -1 if the file does not hold all.
    private long PackedEnd(ImageBytes file)
    {
        if (PixelsAt > file.Length)
        {
            return -1;
        }

        var bytes = file.All();
        long position = PixelsAt;
        for (var left = (long)Width * Height; left > 0;)
        {
            if (position >= bytes.Length)
            {
                return -1;
            }

            var packet = bytes[position];
            var length = (packet & 0x7F) + 1;
            position += 1 + (PixelBytes * (packet > 0x7F ? 1 : length));
            left -= length;
        }

        return position;
    }
}
