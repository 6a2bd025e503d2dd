using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>What images a folder holds: <see cref="DiffusionCatalog.InspectImages"/>. Its text is one fact a line.</summary>
public sealed class ImageFolderInfo
{
    private const int NamedSizes = 5;
    private const int NamedFiles = 5;

    internal ImageFolderInfo(
        int count,
        int greyCount,
        int blankCount,
        IReadOnlyList<ImageSizeCount> sizes,
        IReadOnlyList<ImageClassCount> classes,
        IReadOnlyList<DeepImageCount> deepImages,
        IReadOnlyList<ImageMetadataFile> metadataFiles,
        IReadOnlyList<SkippedFile> skipped)
    {
        Count = count;
        GreyCount = greyCount;
        BlankCount = blankCount;
        Sizes = sizes;
        Classes = classes;
        DeepImages = deepImages;
        MetadataFiles = metadataFiles;
        Skipped = skipped;
    }

    /// <summary>Gets the number of images that can be read.</summary>
    public int Count { get; }

    /// <summary>Gets the number of images without colour.</summary>
    public int GreyCount { get; }

    /// <summary>Gets the number of images of one single colour, of which nothing can be learned.</summary>
    /// <value>Transparent images become so over a <see cref="ImageFolderOptions.Background"/> of their own colour.</value>
    public int BlankCount { get; }

    /// <summary>Gets the sizes of the images, the commonest first.</summary>
    public IReadOnlyList<ImageSizeCount> Sizes { get; }

    /// <summary>
    /// Gets the classes: the folders directly below that hold any images, in ordinal order, or what <see cref="ImageFolderOptions.LabelField"/> says, whole numbers
    /// in their own order.
    /// </summary>
    public IReadOnlyList<ImageClassCount> Classes { get; }

    /// <summary>Gets the deep images, those of whole and those of floating-point numbers, and what becomes of their numbers; empty without any.</summary>
    public IReadOnlyList<DeepImageCount> DeepImages { get; }

    /// <summary>Gets the files that say more of the images, with the fields that <see cref="ImageFolderOptions.LabelField"/> may name.</summary>
    public IReadOnlyList<ImageMetadataFile> MetadataFiles { get; }

    /// <summary>Gets the files that are no images, each with the reason, in the ordinal order of their paths.</summary>
    public IReadOnlyList<SkippedFile> Skipped { get; }

    /// <inheritdoc/>
    public override string ToString()
    {
        var sizes =
            string.Join(", ", Sizes.Take(NamedSizes)) + (Sizes.Count > NamedSizes ? $" and {Sizes.Count - NamedSizes} more sizes" : "");
        var metadata = string.Concat(MetadataFiles.Take(NamedFiles).Select(file => $"Metadata  {file}\n"));
        var beside = Count - Classes.Sum(one => one.Count);
        return string.Create(CultureInfo.InvariantCulture, $"""
            Images    {Count}: {GreyCount} grey, {Count - GreyCount} coloured{(BlankCount > 0 ? $", {BlankCount} OF ONE SINGLE COLOUR" : "")}
            Sizes     {(Count == 0 ? "none" : sizes)}
            Classes   {(Classes.Count == 0 ? "none" : $"{Classes.Count}: {string.Join(", ", Classes)}{(beside > 0 ? $"; {beside} without" : "")}")}
            {metadata}{string.Concat(DeepImages.Select(one => $"Deep      {one}\n"))}Skipped   {Skipped.Count}
            """).ReplaceLineEndings("\n");
    }
}

/// <summary>How many images have a size.</summary>
public sealed class ImageSizeCount
{
    internal ImageSizeCount(int width, int height, int count) => (Width, Height, Count) = (width, height, count);

    /// <summary>Gets the width in pixels of the upright image.</summary>
    public int Width { get; }

    /// <summary>Gets the height in pixels of the upright image.</summary>
    public int Height { get; }

    /// <summary>Gets the number of images.</summary>
    public int Count { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Count} of {Width}x{Height}";
}

/// <summary>How many images are of a class.</summary>
public sealed class ImageClassCount
{
    internal ImageClassCount(string name, int count) => (Name, Count) = (name, count);

    /// <summary>Gets the name of the folder, or what the metadata say.</summary>
    public string Name { get; }

    /// <summary>Gets the number of images of it.</summary>
    public int Count { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Count}";
}
