namespace Microsoft.ML.Diffusion;

/// <summary>A <c>metadata.csv</c> or <c>metadata.jsonl</c> beside images, which says more of them: a line an image.</summary>
public sealed class ImageMetadataFile
{
    internal ImageMetadataFile(string path, IReadOnlyList<string> fields) => (Path, Fields) = (path, fields);

    /// <summary>Gets where the file is, from the folder that was loaded, with <c>/</c> between names.</summary>
    public string Path { get; }

    /// <summary>Gets what it says of an image: the columns of the CSV file, or the names of the first JSON object.</summary>
    /// <value><c>file_name</c> names the image; any other may be <see cref="ImageFolderOptions.LabelField"/>.</value>
    public IReadOnlyList<string> Fields { get; }

    /// <inheritdoc/>
    public override string ToString() => $"{Path}: {string.Join(", ", Fields)}";
}
