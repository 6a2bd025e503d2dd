namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>LZW as TIFF files have it (TIFF 6.0, section 13): codes of 9 to 12 bits, highest bit first, longer one code early.</summary>
internal static class TiffLzw
{
    private const int Clear = 256;
    private const int End = 257;
    private const int FirstFree = 258;
    private const int MaximumCodes = 4096;

    /// <exception cref="EndOfStreamException">The codes end before the target is full.</exception>
    /// <exception cref="InvalidDataException">A code stands for nothing yet.</exception>
    public static void Unpack(ReadOnlySpan<byte> packed, Span<byte> target)
    {
        // What a code stands for is what was written when it was made, so its place and length in the target tell it.
        Span<int> places = new int[MaximumCodes];
        Span<int> lengths = new int[MaximumCodes];
        var (next, bits, position, written, previous, previousAt) = (FirstFree, 9, 0L, 0, -1, 0);
        while (written < target.Length)
        {
            var code = Code(packed, position, bits);
            position += bits;
            if (code is Clear)
            {
                (next, bits, previous) = (FirstFree, 9, -1);
                continue;
            }

            var start = written;
            if (code < Clear)
            {
                target[written++] = (byte)code;
            }
            else if (code is not End && previous >= 0 && (code < next || (code == next && next < MaximumCodes)))
            {
                var (from, length) = code < next ? (places[code], lengths[code]) : (previousAt, start - previousAt + 1);
                for (var i = 0; i < length && written < target.Length; i++)
                {
                    target[written++] = target[from + i];
                }
            }
            else
            {
                throw code is End ? new EndOfStreamException() : Damage.In(TiffDirectory.Format);
            }

            if (previous >= 0 && next < MaximumCodes)
            {
                (places[next], lengths[next]) = (previousAt, start - previousAt + 1);
                next++;
            }

            bits = next >= (1 << bits) - 1 && bits < 12 ? bits + 1 : bits;
            (previous, previousAt) = (code, start);
        }
    }

    private static int Code(ReadOnlySpan<byte> packed, long position, int bits)
    {
        var at = (int)(position / 8);
        if (position + bits > 8L * packed.Length)
        {
            throw new EndOfStreamException();
        }

        var three = (packed[at] << 16) | (packed[at + 1] << 8) | (at + 2 < packed.Length ? packed[at + 2] : 0);
        return (three >> (int)(24 - (position % 8) - bits)) & ((1 << bits) - 1);
    }
}
