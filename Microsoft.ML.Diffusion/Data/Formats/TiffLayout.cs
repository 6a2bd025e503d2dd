using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>How a page of a TIFF file stores its image: its tags, checked before a byte of it is read.</summary>
internal sealed class TiffLayout
{
    public const int StripByteCounts = 279;

    public const int WhiteIsZero = 0;
    public const int Palette = 3;

    private const int MaximumSamples = 16;

    public TiffLayout(TiffDirectory tags, int maximumPixels)
    {
        var (width, height) = (tags.Value(256, 0), tags.Value(257, 0));
        Damage.CheckSize(width, height, maximumPixels, TiffDirectory.Format);
        (Width, Height, IsLittle) = ((int)width, (int)height, tags.IsLittle);
        Refuse(tags.Values(322, 1, all: false).Length > 0 || tags.Values(324, 1, all: false).Length > 0, "tiles");
        Refuse(tags.Value(266, 1) != 1, "bits in reversed order");

        Compression = tags.Value(259, 1);
        Refuse(Compression is not (1 or 5 or 8 or 32773 or 32946), NameOfCompression(Compression));
        Photometric = tags.Value(262, 1);
        Refuse(Photometric > Palette, NameOfColors(Photometric));

        ReadSamples(tags);
        ReadStrips(tags, maximumPixels);
        Orientation = ExifOrientation.Valid(tags.Value(ExifOrientation.Tag, ExifOrientation.Upright));
    }

    public int Width { get; }

    public int Height { get; }

    public bool IsLittle { get; }

    /// <summary>1 none, 5 LZW, 8 and 32946 deflate, 32773 PackBits.</summary>
    public long Compression { get; }

    /// <summary>0 grey with white at zero, 1 grey, 2 red, green and blue, 3 palette.</summary>
    public long Photometric { get; }

    public int Orientation { get; }

    /// <summary>Numbers a pixel, of which the first <see cref="Channels"/> are colours.</summary>
    public int Samples { get; private set; }

    public int Channels => Photometric == 2 ? 3 : 1;

    /// <summary>Bits of a number.</summary>
    public int Bits { get; private set; }

    public bool IsFloat { get; private set; }

    public bool IsSigned { get; private set; }

    /// <summary>Which number of a pixel is alpha; -1 for none.</summary>
    public int AlphaAt { get; private set; } = -1;

    /// <summary>Whether colours are multiplied by alpha.</summary>
    public bool IsPremultiplied { get; private set; }

    /// <summary>1 none, 2 differences of numbers, 3 differences of the bytes of floating-point numbers.</summary>
    public long Predictor { get; private set; }

    /// <summary>Whether each of a pixel's numbers has strips of its own.</summary>
    public bool IsPlanar { get; private set; }

    public int RowsPerStrip { get; private set; }

    /// <summary>Bytes of a row of a strip.</summary>
    public int RowBytes { get; private set; }

    public long[] StripOffsets { get; private set; } = [];

    public long[] StripLengths { get; private set; } = [];

    /// <summary>Red, green and blue of each number, 16 bits each: all reds first.</summary>
    public long[] ColorMap { get; private set; } = [];

    private void ReadSamples(TiffDirectory tags)
    {
        var samples = tags.Value(277, 1);
        Refuse(samples > MaximumSamples, FormattableString.Invariant($"{samples} channels"));
        var bits = tags.Values(258, MaximumSamples);
        var formats = tags.Values(339, MaximumSamples);
        (Samples, Bits) = ((int)samples, (int)(bits is [var first, ..] ? first : 1));
        Refuse(bits.Any(one => one != Bits), "channels of different bits");
        var format = formats is [var kind, ..] ? kind : 1;
        Refuse(formats.Any(one => one != format) || format is < 1 or > 4, "numbers of another kind");
        (IsFloat, IsSigned) = (format == 3, format == 2);
        Refuse(
            IsFloat ? Bits is not (16 or 32 or 64) : Bits is not ((>= 1 and <= 16) or 32) || (IsSigned && Bits is not (8 or 16 or 32)),
            FormattableString.Invariant($"{(IsFloat ? "floating-point numbers" : "numbers")} of {Bits} bits"));

        var extra = tags.Values(338, MaximumSamples);
        var alpha = Array.FindIndex(extra, one => one is 1 or 2);
        if (Samples < Channels || (alpha >= 0 && Channels + alpha >= Samples))
        {
            throw Damage.In(TiffDirectory.Format);
        }

        Refuse(Channels == 1 && alpha != 0 && Samples > 1, FormattableString.Invariant($"{Samples} channels without a colour"));
        (AlphaAt, IsPremultiplied) = (alpha < 0 ? -1 : Channels + alpha, alpha >= 0 && extra[alpha] == 1);
        ReadPalette(tags);
    }

    private void ReadPalette(TiffDirectory tags)
    {
        if (Photometric == Palette)
        {
            Refuse(Bits > 8 || IsFloat || IsSigned, "a palette of more than 256 colours");
            ColorMap = tags.Values(320, 3 * 256);
            if (ColorMap.Length != 3 << Bits)
            {
                throw Damage.In(TiffDirectory.Format);
            }
        }
    }

    private void ReadStrips(TiffDirectory tags, int maximumPixels)
    {
        Predictor = tags.Value(317, 1);
        IsPlanar = tags.Value(284, 1) == 2 && Samples > 1;
        var isKnown = Predictor switch { 1 => true, 2 => Bits is 8 or 16 or 32 or 64, 3 => IsFloat, _ => false };
        Refuse(!isKnown, FormattableString.Invariant($"predictor {Predictor}"));
        RowsPerStrip = (int)Math.Clamp(tags.Value(278, Height), 1, Height);
        var rowBytes = (((long)Width * (IsPlanar ? 1 : Samples) * Bits) + 7) / 8;
        var strips = (Height + RowsPerStrip - 1) / RowsPerStrip * (IsPlanar ? Samples : 1);
        (StripOffsets, StripLengths) = (tags.Values(273, strips), tags.Values(StripByteCounts, strips));
        if (StripOffsets.Length != strips || StripLengths.Length != strips)
        {
            throw Damage.In(TiffDirectory.Format);
        }

        if (rowBytes * RowsPerStrip > Math.Min(16L * maximumPixels, Array.MaxLength))
        {
            throw OptionMessages.Of(
                $"its TIFF data have more bytes than 16 for each of {new OptionName(nameof(ImageFolderOptions.MaximumPixels))}",
                message => new InvalidDataException(message));
        }

        RowBytes = (int)rowBytes;
    }

    private static void Refuse(bool isRefused, string what)
    {
        if (isRefused)
        {
            throw Damage.Unreadable(TiffDirectory.Format, what);
        }
    }

    private static string NameOfCompression(long compression) => compression switch
    {
        2 or 3 or 4 => "fax compression",
        6 or 7 => "JPEG compression",
        9 or 10 => "JBIG compression",
        34712 => "JPEG 2000 compression",
        34925 => "LZMA compression",
        50000 => "Zstandard compression",
        50001 => "WebP compression",
        _ => FormattableString.Invariant($"compression {compression}"),
    };

    private static string NameOfColors(long photometric) => photometric switch
    {
        4 => "a mask",
        5 => "CMYK colours",
        6 => "YCbCr colours",
        8 or 9 => "CIELAB colours",
        32803 => "a sensor's raw data",
        _ => FormattableString.Invariant($"colours of kind {photometric}"),
    };
}
