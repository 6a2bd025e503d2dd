using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>The deep images of a folder, of more than 8 bits a channel or of signed or floating-point numbers, and what becomes of their numbers.</summary>
public sealed class DeepImageCount
{
    internal DeepImageCount(bool isFloatingPoint, int count, double smallest, double largest, double black, double white) =>
        (IsFloatingPoint, Count, Smallest, Largest, Black, White) = (isFloatingPoint, count, smallest, largest, black, white);

    /// <summary>Gets whether their numbers are floating-point numbers; else they are whole ones.</summary>
    public bool IsFloatingPoint { get; }

    /// <summary>Gets the number of images.</summary>
    public int Count { get; }

    /// <summary>Gets the least number in any of them.</summary>
    public double Smallest { get; }

    /// <summary>Gets the greatest number in any of them.</summary>
    public double Largest { get; }

    /// <summary>Gets the number that becomes black, by <see cref="ImageFolderOptions.PixelRange"/>.</summary>
    public double Black { get; }

    /// <summary>Gets the number that becomes white, by <see cref="ImageFolderOptions.PixelRange"/>.</summary>
    public double White { get; }

    /// <summary>Gets whether all but one in a thousand of the numbers share 32 of the 256 levels: <see cref="PixelRange.Percentiles"/> gives them more.</summary>
    public bool IsNarrow { get; internal init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Count} of {(IsFloatingPoint ? "floating-point" : "whole")} numbers {Smallest:G6} to {Largest:G6}, {Black:G6} becomes black and {White:G6} white");
}
