using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>A file, or a folder that cannot be listed, of which no row was made.</summary>
public sealed class SkippedFile
{
    internal SkippedFile(string path, string reason) => (Path, Reason) = (path, reason);

    /// <summary>Gets where the file is, from the folder that was loaded, with <c>/</c> between names.</summary>
    public string Path { get; }

    /// <summary>Gets why no row was made of it, as docs/images.md lists the reasons.</summary>
    public string Reason { get; }

    /// <summary>Says why a file or folder cannot be read.</summary>
    internal static string ReasonOf(Exception exception, string what) => exception switch
    {
        InvalidDataException => exception.Message,
        UnauthorizedAccessException => $"permissions forbid reading {what}",
        FileNotFoundException or DirectoryNotFoundException => $"{what} is not there any more, or is a link to nothing",
        _ => $"{what} cannot be read ({exception.Message})",
    };

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
