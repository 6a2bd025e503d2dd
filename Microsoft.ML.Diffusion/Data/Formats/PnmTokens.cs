namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>The numbers in the text of a PBM, PGM or PPM file.</summary>
internal ref struct PnmTokens(ReadOnlySpan<byte> text, int position, string format)
{
    private const int Most = 1 << 30;

    private readonly ReadOnlySpan<byte> _text = text;

    /// <summary>Where the number before ended.</summary>
    public int Position { get; private set; } = position;

    /// <exception cref="EndOfStreamException">The text is at its end.</exception>
    /// <exception cref="InvalidDataException">There is no number.</exception>
    public long Next()
    {
        SkipSpace();
        var value = 0L;
        for (var start = Position; ; Position++)
        {
            var digit = Position < _text.Length ? _text[Position] - '0' : -1;
            if (digit is < 0 or > 9)
            {
                return Position > start ? value : throw Damage.In(format);
            }

            value = (10 * value) + digit;
            if (value > Most)
            {
                throw Damage.In(format);
            }
        }
    }

    /// <summary>A digit of a plain PBM file, which none need stand between.</summary>
    public int NextBit()
    {
        SkipSpace();
        return _text[Position++] switch
        {
            (byte)'0' => 0,
            (byte)'1' => 1,
            _ => throw Damage.In(format),
        };
    }

    private void SkipSpace()
    {
        for (var isComment = false; ; Position++)
        {
            if (Position >= _text.Length)
            {
                throw new EndOfStreamException();
            }

            var letter = _text[Position];
            isComment = isComment ? letter is not ((byte)'\n' or (byte)'\r') : letter == '#';
            if (!isComment && letter is not ((byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r' or 11 or 12))
            {
                return;
            }
        }
    }
}
