namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>How the loading of a native library went.</summary>
/// <param name="File">The file that was found; null if there is none.</param>
/// <param name="Failure">What the loader said of it; null if it is loaded, or if there is none.</param>
internal readonly record struct NativeLoad(string? File, string? Failure)
{
    public bool IsLoaded => File is not null && Failure is null;
}
