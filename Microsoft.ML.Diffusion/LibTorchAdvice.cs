using System.Reflection;

namespace Microsoft.ML.Diffusion;

/// <summary>Says what to do when libtorch cannot be loaded.</summary>
internal static class LibTorchAdvice
{
    public const string LibTorchName = "torch_cpu";
    public const string TorchSharpName = "LibTorchSharp";

    private const string NewVersion = "GLIBCXX_3.4.32";

    // The libtorch that TorchSharp is made for, from the build.
    private static readonly string _libTorchVersion = typeof(LibTorchAdvice).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(entry => entry.Key == "LibTorchVersion").Value!;

    /// <summary>Says whether TorchSharp's own library fails for what the build step mends.</summary>
    public static bool IsOldSystem(string torchSharp) => torchSharp.Contains($"version `{NewVersion}' not found", StringComparison.Ordinal);

    /// <param name="libtorch">What the loader said of libtorch itself; null if it is loaded.</param>
    /// <param name="torchSharp">What the loader said of TorchSharp's own library.</param>
    /// <param name="platform">Such as linux-x64.</param>
    /// <param name="version">TorchSharp's.</param>
    public static string Of(string? libtorch, string torchSharp, string platform, Version version)
    {
        var name = $"TorchSharp {version.ToString(3)}";
        if (platform.StartsWith("win-", StringComparison.Ordinal) && version >= new Version(0, 107))
        {
            return $"{name} cannot load its own libtorch {_libTorchVersion} on Windows (dotnet/TorchSharp#1567). Build Microsoft.ML.Diffusion there, which takes TorchSharp 0.106.0, and use that package. In a clone of its repository:\n" +
                "  dotnet pack Microsoft.ML.Diffusion -c Release -o artifacts/packages\n" +
                "  dotnet nuget add source FULL_PATH_OF_THE_CLONE/artifacts/packages";
        }

        if (IsOldSystem(torchSharp))
        {
            return $"{name} cannot be loaded, because its library asks for {NewVersion}, which the libstdc++ of this system does not have. The build step of Microsoft.ML.Diffusion's package mends the application's copy of the library. " +
                "Reference the package in the application's project, with all its assets, and leave the step on:\n" +
                $"  <PackageReference Include=\"Microsoft.ML.Diffusion\" Version=\"{typeof(LibTorchAdvice).Assembly.GetName().Version!.ToString(3)}\" />\n" +
                "  <DiffusionPatchLibTorchSharp>true</DiffusionPatchLibTorchSharp>";
        }

        if (Packages(platform, version) is not { } packages)
        {
            return $"{name} has no native libraries for {platform}. It has them for linux-x64, win-x64 and osx-arm64.";
        }

        var reason = libtorch is null ? null : Reason(libtorch, LibTorchName);
        if (libtorch is not null && reason is null)
        {
            return $"The application has no libtorch for {platform}, which Microsoft.ML.Diffusion computes with. Add it to the application's project by one of these:\n{packages}";
        }

        reason ??= Reason(torchSharp, TorchSharpName) ?? $"there is no {TorchSharpName}.";
        return $"{name} cannot load its native libraries: {reason}\nThey must be those that one of these packages brings, unchanged:\n{packages}";
    }

    /// <summary>The lines that add libtorch to an application: for the CPU and, where there is one, for a GPU.</summary>
    private static string? Packages(string platform, Version version) => platform switch
    {
        "linux-x64" or "win-x64" => $"  dotnet add package libtorch-cpu-{platform} --version {_libTorchVersion}\n" +
            $"  dotnet add package TorchSharp-cuda-{(platform == "linux-x64" ? "linux" : "windows")} --version {version.ToString(3)}   (for an NVIDIA GPU)",
        "osx-arm64" => $"  dotnet add package libtorch-cpu-{platform} --version {_libTorchVersion}",
        _ => null,
    };

    /// <summary>Finds, in the places that .NET lists after its own first line, the first with a file that could not be loaded.</summary>
    /// <returns>Null if no place has one.</returns>
    private static string? Reason(string message, string name)
    {
        var lines = message.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return (lines.Length > 1 ? lines[1..] : lines).FirstOrDefault(line => !IsAbsence(line, name));
    }

    // Linux: "libX.so: cannot open shared object file: No such file or directory", which is said of a library that X needs, too; Windows: ERROR_MOD_NOT_FOUND.
    private static bool IsAbsence(string line, string name) =>
        (line.Contains("no such file", StringComparison.OrdinalIgnoreCase) && line.Split(": ")[0].Contains(name, StringComparison.Ordinal)) || line.Contains("0x8007007E", StringComparison.Ordinal);
}
