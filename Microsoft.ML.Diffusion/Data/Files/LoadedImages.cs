using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion;

/// <summary>The images of a folder as rows, and the files that are none.</summary>
public sealed class LoadedImages
{
    internal LoadedImages(IDataView data, int count, IReadOnlyList<SkippedFile> skipped) => (Data, Count, Skipped) = (data, count, skipped);

    /// <summary>
    /// Gets one row for each image, in the ordinal order of their paths: columns <c>Image</c>, <c>ImagePath</c> and, if there are folders,
    /// <c>Label</c>.
    /// </summary>
    /// <remarks>
    /// Lazy: an image is decoded when a cursor reads its image, which belongs to that cursor's row. Images are <see cref="MLImage"/>
    /// of one size, opaque. A file that was changed or deleted since throws <see cref="InvalidOperationException"/> when its row is read.
    /// </remarks>
    public IDataView Data { get; }

    /// <summary>Gets the number of rows.</summary>
    public int Count { get; }

    /// <summary>Gets the files that were skipped and why, in the ordinal order of their paths.</summary>
    public IReadOnlyList<SkippedFile> Skipped { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Count} images, {Skipped.Count} files skipped";
}
