using System.Globalization;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>What the values of vectors have in common: of one cursor's rows, or of all.</summary>
/// <param name="said">The encoding that they are said to have.</param>
internal sealed class ValueRange(PixelEncoding said)
{
    private const float LevelTolerance = 1e-3f; // of a level; float32 is off by less

    private float _minimum = float.PositiveInfinity;
    private float _maximum = float.NegativeInfinity;
    private bool _areWhole = true;
    private bool _areLevels = true; // whole multiples of 1/255
    private bool _arePixels = true; // whole pixels, as is said

    /// <summary>Counts a value.</summary>
    public void Add(float value)
    {
        _minimum = Math.Min(_minimum, value);
        _maximum = Math.Max(_maximum, value);
        _areWhole &= MathF.Round(value) == value;
        _areLevels &= IsWhole(PixelEncoding.ZeroToOne.ToPixel(value));
        _arePixels &= IsWhole(said.ToPixel(value));
    }

    /// <summary>Counts what another has counted.</summary>
    public void Add(ValueRange other)
    {
        _minimum = Math.Min(_minimum, other._minimum);
        _maximum = Math.Max(_maximum, other._maximum);
        _areWhole &= other._areWhole;
        _areLevels &= other._areLevels;
        _arePixels &= other._arePixels;
    }

    /// <summary>The encoding that the values speak of where that cannot be the one that is said; null if that may well be.</summary>
    /// <remarks>
    /// Whole values say nothing: black images are all 0 in any encoding that counts from there. Nor do bright images between the middle and the
    /// top of -1..1, unless every value is a level of 0..1 and not every one a pixel of -1..1.
    /// </remarks>
    public PixelEncoding? Contradiction()
    {
        if (_minimum < -1 || _maximum > 1 || _areWhole)
        {
            return null;
        }

        const float Sliver = 8; // levels of the 256: what -1..1 is where values of 0..255 are meant
        if (Math.Abs(said.ToPixel(1) - said.ToPixel(-1)) <= Sliver)
        {
            return _minimum < 0 ? PixelEncoding.MinusOneToOne : PixelEncoding.ZeroToOne;
        }

        return _minimum >= 0 && _areLevels && !_arePixels && said.ToPixel(0) > Sliver ? PixelEncoding.ZeroToOne : null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"from {_minimum:G4} to {_maximum:G4}");

    private static bool IsWhole(float level) => Math.Abs(level - MathF.Round(level)) < LevelTolerance;
}
