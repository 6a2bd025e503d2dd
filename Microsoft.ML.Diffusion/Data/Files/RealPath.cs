namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Where a folder really is: its path without links, which is one whatever way led there.</summary>
internal static class RealPath
{
    /// <summary>How such paths are compared.</summary>
    public static StringComparer Comparer { get; } = OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase;

    /// <exception cref="IOException">A link leads in a circle or cannot be read.</exception>
    public static string Of(DirectoryInfo folder) =>
        folder.LinkTarget is not null && folder.ResolveLinkTarget(returnFinalTarget: true) is DirectoryInfo target ? Of(target)
            : folder.Parent is { } parent ? Path.Combine(Of(parent), folder.Name)
            : folder.FullName;
}
