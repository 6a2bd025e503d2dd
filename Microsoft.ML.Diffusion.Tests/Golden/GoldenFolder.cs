using System.Text.Json.Nodes;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Finds the numbers of reference implementations: <c>Golden/data</c>, or another set of the same layout in <c>GOLDEN_DIR</c>.</summary>
/// <remarks>Their origin and tolerances are in <c>Golden/data/README.md</c>. Tests enumerate the files: a set may have others.</remarks>
internal static class GoldenFolder
{
    public static string Path { get; } = Environment.GetEnvironmentVariable("GOLDEN_DIR") is { Length: > 0 } folder
        ? folder
        : System.IO.Path.Combine(AppContext.BaseDirectory, "Golden", "data");

    /// <summary>Returns the full path of a file.</summary>
    /// <param name="name">Its name below <see cref="Path"/>, with forward slashes.</param>
    public static string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Returns the names of the files below <see cref="Path"/> that match, with forward slashes, in ordinal order.</summary>
    /// <param name="pattern">Such as <c>*.safetensors</c>.</param>
    /// <param name="folder">A folder below <see cref="Path"/> whose files alone are wanted, its subfolders' included.</param>
    public static IEnumerable<string> Files(string pattern, string folder = "") =>
        Directory.EnumerateFiles(File(folder), pattern, SearchOption.AllDirectories)
            .Select(file => System.IO.Path.GetRelativePath(Path, file).Replace('\\', '/'))
            .Order(StringComparer.Ordinal);

    /// <summary>Returns the folders directly below <see cref="Path"/> that match, in ordinal order.</summary>
    /// <param name="pattern">Such as <c>unet_diffusers_*</c>.</param>
    public static IEnumerable<string> Folders(string pattern) =>
        Directory.EnumerateDirectories(Path, pattern).Select(folder => System.IO.Path.GetFileName(folder)).Order(StringComparer.Ordinal);

    public static JsonNode ReadJson(string name) => JsonNode.Parse(System.IO.File.ReadAllBytes(File(name)))!;
}
