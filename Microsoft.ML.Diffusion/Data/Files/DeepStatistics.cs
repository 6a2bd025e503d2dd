using Microsoft.ML.Diffusion.Data.Formats;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>The numbers of deep images, whole or floating-point ones: their ends, and how many there are near each.</summary>
internal sealed class DeepStatistics
{
    private const int Bins = 1 << 16;
    private const int MinimumWhite = byte.MaxValue;
    private const double MinimumPart = 32.0 / 256;

    private readonly long[] _counts = new long[Bins];
    private double _formatBlack;
    private double _formatWhite;

    public int Images { get; private set; }

    public double Smallest { get; private set; } = double.PositiveInfinity;

    public double Largest { get; private set; } = double.NegativeInfinity;

    /// <summary>Counts an image's numbers; what is no number does not count.</summary>
    public void Add(DeepImage image)
    {
        Images++;
        (_formatBlack, _formatWhite) = (Math.Min(_formatBlack, image.Black), Math.Max(_formatWhite, image.White));
        var (smallest, largest) = (float.PositiveInfinity, float.NegativeInfinity);
        foreach (var value in image.Values)
        {
            if (float.IsFinite(value))
            {
                smallest = value < smallest ? value : smallest;
                largest = value > largest ? value : largest;
                _counts[Bin(value)]++;
            }
        }

        (Smallest, Largest) = (Math.Min(Smallest, smallest), Math.Max(Largest, largest));
    }

    public void Add(DeepStatistics other)
    {
        Images += other.Images;
        (_formatBlack, _formatWhite) = (Math.Min(_formatBlack, other._formatBlack), Math.Max(_formatWhite, other._formatWhite));
        (Smallest, Largest) = (Math.Min(Smallest, other.Smallest), Math.Max(Largest, other.Largest));
        for (var i = 0; i < Bins; i++)
        {
            _counts[i] += other._counts[i];
        }
    }

    /// <summary>The numbers that become black and white.</summary>
    public (double Black, double White) Range(PixelRange range, bool isFloat) => range.Kind switch
    {
        PixelRangeKind.Of => (range.Low, range.High),
        PixelRangeKind.Full => (_formatBlack, _formatWhite),
        PixelRangeKind.Used => Used(),
        PixelRangeKind.Percentiles => Ordered(Percentile(range.Low, isUpper: false), Percentile(range.High, isUpper: true)),
        _ => Automatic(isFloat),
    };

    /// <summary>Says in words of types what was counted.</summary>
    public DeepImageCount Summarize(PixelRange range, bool isFloat)
    {
        var (black, white) = Range(range, isFloat);
        var part = (Percentile(99.95, isUpper: true) - Percentile(0.05, isUpper: false)) / (white - black);
        var (smallest, largest) = Smallest <= Largest ? (Smallest, Largest) : (0, 0); // where all are no numbers
        return new(isFloat, Images, smallest, largest, black, white) { IsNarrow = part < MinimumPart && Smallest < Largest };
    }

    private (double Black, double White) Automatic(bool isFloat)
    {
        var white = _formatWhite;
        while (!isFloat && Largest <= Math.Floor(white / 2) && white / 2 >= MinimumWhite)
        {
            white = Math.Floor(white / 2);
        }

        return Smallest < 0 || Largest > white || Largest - Smallest < MinimumPart * white ? Used() : (0, white);
    }

    private (double Black, double White) Used() => Ordered(Smallest, Largest);

    // Images of one number are black, as 0 is, or white.
    private static (double Black, double White) Ordered(double black, double white) =>
        white > black ? (black, white) : double.IsFinite(black) ? (Math.Min(black, 0), Math.Max(black, 1)) : (0, 1);

    // A number's place is the upper half of its bits, which are in the order of numbers once those of negative ones are turned.
    private static int Bin(float value)
    {
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (int)((bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits) >> 16);
    }

    private static double LowestOf(int bin)
    {
        var bits = (uint)bin << 16;
        return BitConverter.UInt32BitsToSingle(bits >> 31 == 1 ? bits & 0x7FFF_FFFF : ~bits);
    }

    private double Percentile(double percent, bool isUpper)
    {
        var wanted = _counts.Sum() * percent / 100;
        var (bin, sum) = (0, (double)_counts[0]);
        while (bin < Bins - 1 && (isUpper ? sum < wanted : sum <= wanted))
        {
            sum += _counts[++bin];
        }

        return Math.Clamp(LowestOf(isUpper && bin < Bins - 1 ? bin + 1 : bin), Math.Min(Smallest, Largest), Math.Max(Smallest, Largest));
    }
}
