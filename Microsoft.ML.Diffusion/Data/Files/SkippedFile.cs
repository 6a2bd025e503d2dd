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

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
