using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion;

/// <summary>The images of a folder as rows, and the files that are none.</summary>
public sealed class LoadedImages
{
    internal LoadedImages(IDataView data, ImageFolderInfo info) => (Data, Count, BlankCount, DeepImages, MetadataFiles, Skipped) =
        (data, info.Count, info.BlankCount, info.DeepImages, info.MetadataFiles, info.Skipped);

    /// <summary>
    /// Gets one row for each image, in the ordinal order of their paths: columns <c>Image</c>, <c>ImagePath</c>, if there are classes,
    /// <c>Label</c>, and, if there are files of several pages, <c>Page</c>.
    /// </summary>
    /// <remarks>
    /// Lazy: an image is decoded when a cursor reads its image, which belongs to that cursor's row. Images are <see cref="MLImage"/>
    /// of one size, opaque. A file that was changed or deleted since throws <see cref="InvalidOperationException"/> when its row is read.
    /// </remarks>
    public IDataView Data { get; }

    /// <summary>Gets the number of rows.</summary>
    public int Count { get; }

    /// <summary>Gets the number of images of one single colour, of which nothing can be learned; the log names the first.</summary>
    public int BlankCount { get; }

    /// <summary>Gets the deep images, those of whole and those of floating-point numbers, and what becomes of their numbers; empty without any.</summary>
    public IReadOnlyList<DeepImageCount> DeepImages { get; }

    /// <summary>Gets the files that say more of the images, with the fields that <see cref="ImageFolderOptions.LabelField"/> may name.</summary>
    public IReadOnlyList<ImageMetadataFile> MetadataFiles { get; }

    /// <summary>Gets the files that were skipped and why, in the ordinal order of their paths.</summary>
    public IReadOnlyList<SkippedFile> Skipped { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Count} images, {Skipped.Count} files skipped";
}
