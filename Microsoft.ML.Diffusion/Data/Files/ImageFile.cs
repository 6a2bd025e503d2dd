namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>An image of a file.</summary>
/// <param name="FullPath">Where the file is.</param>
/// <param name="Path">Where it is from the folder that was loaded, with <c>/</c> between names.</param>
/// <param name="Page">The number of the page, from 1; null in a file of one image.</param>
/// <param name="PageOffset">What the page is found by.</param>
/// <param name="Width">The upright image's width.</param>
/// <param name="Height">The upright image's height.</param>
/// <param name="IsGrey">Whether it has no colour.</param>
/// <param name="IsBlank">Whether all that becomes of it is one single colour.</param>
internal sealed record ImageFile(
    string FullPath,
    string Path,
    int? Page,
    long PageOffset,
    int Width,
    int Height,
    bool IsGrey,
    bool IsBlank)
{
    /// <summary>The name of the first folder on the way to it; null if there is none.</summary>
    public string? Folder => Path.IndexOf('/', StringComparison.Ordinal) is > 0 and var end ? Path[..end] : null;

    /// <summary>The file and the page of it, for messages.</summary>
    public string Name => Page is { } page ? FormattableString.Invariant($"{Path}, page {page}") : Path;
}
