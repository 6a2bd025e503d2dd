using System.Drawing;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>How the images of a folder become rows. docs/images.md says what each kind of file becomes.</summary>
public sealed record ImageFolderOptions
{
    private const int MaximumSide = 16_384;
    private const int MaximumArray = 0x7FFFFFC7; // .NET's longest array of bytes

    /// <summary>Gets the width that all images get, in pixels.</summary>
    /// <value>
    /// From 1 to 16,384, set together with <see cref="Height"/>. The default, <see langword="null"/>, leaves images as they are; they must then all
    /// have one size.
    /// </value>
    public int? Width { get; init; }

    /// <summary>Gets the height that all images get, in pixels.</summary>
    /// <value>
    /// From 1 to 16,384, set together with <see cref="Width"/>. The default, <see langword="null"/>, leaves images as they are; they must then all
    /// have one size.
    /// </value>
    public int? Height { get; init; }

    /// <summary>Gets how an image of another shape is brought to <see cref="Width"/> and <see cref="Height"/>.</summary>
    /// <value>The default is <see cref="ImageFit.Crop"/>: the middle of the image.</value>
    public ImageFit Fit { get; init; } = ImageFit.Crop;

    /// <summary>Gets whether colours are turned into greys (luma of ITU-R BT.601).</summary>
    /// <value>The default is <see langword="false"/>: colours and greys stay as they are.</value>
    public bool Grayscale { get; init; }

    /// <summary>Gets the colour behind transparent images, and around those that <see cref="ImageFit.Pad"/> makes fit.</summary>
    /// <value>
    /// Opaque. The default is <see cref="Color.White"/>, on which white symbols vanish: <see cref="LoadedImages.BlankCount"/> counts images of one
    /// single colour.
    /// </value>
    public Color Background { get; init; } = Color.White;

    /// <summary>Gets which numbers of deep images, such as PNG and TIFF files of 16 bits a channel, become black and white.</summary>
    /// <value>The default is <see cref="PixelRange.Automatic"/>: the fewest bits that hold all numbers of the folder.</value>
    public PixelRange PixelRange { get; init; } = PixelRange.Automatic;

    /// <summary>
    /// Gets the field of the folder's metadata files that has the class of each image: a column of <c>metadata.csv</c>, or a name in the objects of
    /// <c>metadata.jsonl</c>, whose <c>file_name</c> says which image is meant. Each folder may have one such file, for the images in it and below.
    /// </summary>
    /// <value>
    /// The default, <see langword="null"/>, takes the names of the folders for classes. <see cref="DiffusionCatalog.InspectImages"/> tells which files and fields
    /// there are.
    /// </value>
    public string? LabelField { get; init; }

    /// <summary>Gets the most pixels that a file's header may announce; a file with more is skipped before any pixel is decoded.</summary>
    /// <value>
    /// From 1 to 536,870,897. The default is 67,108,864 (8192x8192). Decoding takes 4 bytes a pixel, twice that where an image is turned, and up to
    /// 64 for deep images and TIFF files, times <see cref="MaximumDegreeOfParallelism"/>.
    /// </value>
    public int MaximumPixels { get; init; } = 8192 * 8192;

    /// <summary>Gets the most bytes that a file may have; a longer one is skipped without being read.</summary>
    /// <value>From 1 to 2,147,483,647. The default is 268,435,456 (256 MiB).</value>
    public int MaximumFileBytes { get; init; } = 256 << 20;

    /// <summary>Gets the most files that are decoded at the same time while the folder is loaded.</summary>
    /// <value>At least 1. The default, <see langword="null"/>, is the number of processors. Rows are decoded one by one, by whoever reads them.</value>
    public int? MaximumDegreeOfParallelism { get; init; }

    /// <summary>Gets what stops the loading.</summary>
    /// <value>The default is never.</value>
    public CancellationToken CancellationToken { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal void Validate()
    {
        if (Width is null != Height is null)
        {
            throw new ArgumentException(
                "Width and Height must be set together, because one alone leaves the shape of the images open.",
                nameof(Width));
        }

        CheckRange(Width ?? 1, MaximumSide, nameof(Width), "it is the width of images in pixels");
        CheckRange(Height ?? 1, MaximumSide, nameof(Height), "it is the height of images in pixels");
        CheckRange(MaximumPixels, MaximumArray / 4, nameof(MaximumPixels), "pixels are decoded into one array of 4 bytes each");
        CheckRange(MaximumFileBytes, int.MaxValue, nameof(MaximumFileBytes), "a file is read in one piece");
        CheckRange(
            MaximumDegreeOfParallelism ?? 1,
            int.MaxValue,
            nameof(MaximumDegreeOfParallelism),
            "at least one file must be decoded at a time");
        if (!Enum.IsDefined(Fit))
        {
            throw new ArgumentOutOfRangeException(nameof(Fit), Fit, "Fit must be Crop, Pad or Stretch.");
        }

        Check.Require(
            LabelField is null || !string.IsNullOrWhiteSpace(LabelField),
            nameof(LabelField),
            LabelField,
            "must be the name of a field, such as label; leave it null to take the classes from the folders' names");
        ArgumentNullException.ThrowIfNull(PixelRange);
        if (Background.A != byte.MaxValue)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Background),
                Background,
                "Background must be opaque, because it is the colour behind transparent images. Use Color.FromArgb(red, green, blue) or a named colour.");
        }
    }

    private static void CheckRange(int value, int maximum, string name, string reason)
    {
        if (value < 1 || value > maximum)
        {
            throw new ArgumentOutOfRangeException(
                name,
                value,
                FormattableString.Invariant($"{name} must be from 1 to {maximum}, because {reason}."));
        }
    }
}
