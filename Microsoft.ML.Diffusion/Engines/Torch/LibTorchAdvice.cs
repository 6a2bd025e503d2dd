using System.Reflection;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Says what to do when libtorch cannot be loaded.</summary>
internal static class LibTorchAdvice
{
    public const string LibTorchName = "torch_cpu";
    public const string TorchSharpName = "LibTorchSharp";

    private const string NewVersion = "GLIBCXX_3.4.32";

    /// <summary>Gets the libtorch that TorchSharp is made for, from the build.</summary>
    public static string LibTorchVersion { get; } =
        typeof(LibTorchAdvice).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(entry => entry.Key == "LibTorchVersion").Value!;

    /// <summary>Says whether TorchSharp's own library fails for what the build step mends.</summary>
    public static bool IsOldSystem(NativeLoad torchSharp) =>
        torchSharp.Failure?.Contains($"version `{NewVersion}' not found", StringComparison.Ordinal) ?? false;

    /// <param name="libtorch">How libtorch itself loaded.</param>
    /// <param name="torchSharp">How TorchSharp's own library failed.</param>
    /// <param name="other">A libtorch outside of the application, if that is the only one.</param>
    /// <param name="platform">Such as linux-x64.</param>
    /// <param name="version">TorchSharp's.</param>
    public static string Of(NativeLoad libtorch, NativeLoad torchSharp, string? other, string platform, Version version)
    {
        var name = $"TorchSharp {version.ToString(3)}";
        if (platform.StartsWith("win-", StringComparison.Ordinal) && version >= new Version(0, 107))
        {
            return $"{name} cannot load its own libtorch {LibTorchVersion} on Windows (dotnet/TorchSharp#1567). Build Microsoft.ML.Diffusion there, which takes TorchSharp 0.106.0, and use that package. In a clone of its repository:\n" +
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

        if (libtorch.File is null)
        {
            return $"The application has no libtorch for {platform}, which the devices \"cuda\" and \"torch\" need. Add it to the application's project by one of these:\n{packages}" +
                (other is null
                    ? ""
                    : $"\n{other} is outside of the application and is not used: TorchSharp needs the files of such a package.");
        }

        var reason = Reason(libtorch.Failure ?? torchSharp.Failure) ?? $"there is no {TorchSharpName}.";
        var found = string.Join(" and ", new[] { libtorch.File, torchSharp.File }.OfType<string>());
        return $"{name} cannot load its native libraries: {reason}\nFound: {found}\nThey must be those that one of these packages brings, unchanged:\n{packages}";
    }

    /// <summary>What adds libtorch for CUDA to an application; null for a platform that has none.</summary>
    public static string? CudaPackage(string platform, Version version) => platform switch
    {
        "linux-x64" or "win-x64" =>
            $"dotnet add package TorchSharp-cuda-{(platform == "linux-x64" ? "linux" : "windows")} --version {version.ToString(3)}",
        _ => null,
    };

    /// <summary>The lines that add libtorch to an application: for the CPU and, where there is one, for a GPU.</summary>
    private static string? Packages(string platform, Version version) => platform switch
    {
        "linux-x64" or "win-x64" => $"  dotnet add package libtorch-cpu-{platform} --version {LibTorchVersion}\n" +
            $"  {CudaPackage(platform, version)}   (for an NVIDIA GPU)",
        "osx-arm64" => $"  dotnet add package libtorch-cpu-{platform} --version {LibTorchVersion}",
        _ => null,
    };

    /// <summary>The system's reason, which on Linux and macOS follows .NET's own line.</summary>
    private static string? Reason(string? message)
    {
        var lines = message?.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines is [_, var reason, ..] ? reason : lines?.FirstOrDefault();
    }
}
