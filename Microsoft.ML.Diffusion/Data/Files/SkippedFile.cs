namespace Microsoft.ML.Diffusion;

/// <summary>A file, or a folder that cannot be listed, of which no row was made.</summary>
/// <param name="Path">Where it is, from the folder that was loaded, with <c>/</c> between names.</param>
/// <param name="Reason">Why, as docs/images.md lists them.</param>
public sealed record SkippedFile(string Path, string Reason);
