using Microsoft.ML.Diffusion.Data.Files;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Which numbers of deep images become black and white. Deep are images of more than 8 bits a channel, of signed and of floating-point numbers;
/// <see cref="Microsoft.ML.Data.MLImage"/> has 8 bits, so their numbers are mapped to 0..255, in a straight line.
/// </summary>
/// <remarks>
/// <para>A range that is found is found over all deep images of the folder, so that brighter images stay brighter; whole and floating-point numbers
/// have one each. <see cref="ImageFolderInfo.DeepImages"/> and <see cref="LoadedImages.DeepImages"/> tell it. Give it as <see cref="Of"/> to load
/// other images in the same way, such as one by <see cref="DiffusionCatalog.LoadImage"/>, for which it is otherwise found in that image alone.</para>
/// <para>Images of 8 bits a channel or fewer are never changed.</para>
/// </remarks>
public sealed record PixelRange
{
    private PixelRange(PixelRangeKind kind, double low = 0, double high = 0) => (Kind, Low, High) = (kind, low, high);

    /// <summary>Gets the default: the fewest bits that hold all numbers, and from black at 0.</summary>
    /// <value>
    /// Whole numbers: from 0 to the greatest of their format, halved as long as no number of the folder is beyond half of it, but not below 255:
    /// 4,095 where a camera's 12 bits are stored in 16, and 65,535 where all are used. Floating-point numbers: from 0 to 1 if they lie in it. What would get fewer than 32
    /// of the 256 levels so, and negative numbers, get <see cref="Used"/>.
    /// </value>
    public static PixelRange Automatic { get; } = new(PixelRangeKind.Automatic);

    /// <summary>Gets all numbers of the format: 0 to 65,535 for 16 bits, 0 to 1 for floating-point numbers.</summary>
    public static PixelRange Full { get; } = new(PixelRangeKind.Full);

    /// <summary>Gets the range from the least to the greatest number of the folder.</summary>
    public static PixelRange Used { get; } = new(PixelRangeKind.Used);

    internal PixelRangeKind Kind { get; }

    internal double Low { get; }

    internal double High { get; }

    /// <summary>The range that leaves out a part of the numbers at both ends, such as dead and hot pixels: they become black and white.</summary>
    /// <param name="low">Percentage of numbers that may lie below black, 0 or more.</param>
    /// <param name="high">Percentage of numbers that may lie up to white, above <paramref name="low"/> and at most 100.</param>
    /// <returns>The range. Its ends are found to one part in 128.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static PixelRange Percentiles(double low = 0.1, double high = 99.9) =>
        !(low >= 0 && low < 100)
            ? throw new ArgumentOutOfRangeException(nameof(low), low, "low must be from 0 to below 100, because it is a percentage of the numbers.")
        : !(high > low && high <= 100)
            ? throw new ArgumentOutOfRangeException(nameof(high), high, "high must be above low and at most 100, because it is a percentage of the numbers.")
        : new(PixelRangeKind.Percentiles, low, high);

    /// <summary>A range of numbers as the files have them.</summary>
    /// <param name="black">The number that becomes 0; smaller ones too.</param>
    /// <param name="white">The number that becomes 255, above <paramref name="black"/>; greater ones too.</param>
    /// <returns>The range.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is no finite number, or white is not above black.</exception>
    public static PixelRange Of(double black, double white) =>
        !double.IsFinite(black)
            ? throw new ArgumentOutOfRangeException(nameof(black), black, "black must be a finite number, because numbers are mapped from it.")
        : !(white > black && double.IsFinite(white))
            ? throw new ArgumentOutOfRangeException(nameof(white), white, "white must be a finite number above black, because numbers are mapped from black to it.")
        : new(PixelRangeKind.Of, black, white);

    /// <inheritdoc/>
    public override string ToString() =>
        Kind is PixelRangeKind.Percentiles or PixelRangeKind.Of ? FormattableString.Invariant($"{Kind}({Low}, {High})") : $"{Kind}";
}
