namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>A file that holds an image.</summary>
/// <param name="FullPath">Where it is.</param>
/// <param name="Path">Where it is from the folder that was loaded, with <c>/</c> between names.</param>
/// <param name="Width">The upright image's width.</param>
/// <param name="Height">The upright image's height.</param>
/// <param name="IsGrey">Whether it has no colour.</param>
internal sealed record ImageFile(string FullPath, string Path, int Width, int Height, bool IsGrey)
{
    /// <summary>The name of the first folder on the way to it; null if there is none.</summary>
    public string? Class => Path.IndexOf('/', StringComparison.Ordinal) is > 0 and var end ? Path[..end] : null;
}
