using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>
/// Where an application's native libraries are: its own folders, in the order in which .NET looks into them. The system's loader, which .NET asks last, is not
/// asked here: what it finds, such as the libtorch of Debian's python3-torch, is of another version.
/// </summary>
/// <param name="platform">Such as linux-x64.</param>
/// <param name="baseFolder">The application's.</param>
/// <param name="searchFolders">Those of the host, which reads the application's deps.json, as it passes them on; null if there is no host.</param>
/// <param name="assembly">The path of TorchSharp's assembly; "" in an application of a single file.</param>
internal sealed class NativeFiles(string platform, string baseFolder, string? searchFolders, string assembly)
{
    /// <summary>Gets the folders, each once.</summary>
    public IReadOnlyList<string> Folders { get; } = [.. ((string[])
    [
        .. (searchFolders ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries),
        .. assembly.Length > 0 ? WithRuntimes(Path.GetDirectoryName(Path.GetFullPath(assembly))!, platform) : [],
        .. WithRuntimes(baseFolder, platform),
        .. PackageFolders(assembly, platform),
    ]).Select(folder => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))).Distinct(StringComparer.Ordinal)];

    /// <summary>Gets the application's platform, such as linux-x64.</summary>
    public static string Platform
    {
        get
        {
            var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
            return $"{system}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        }
    }

    /// <summary>Gets whether TorchSharp's assembly is used where packages are unpacked, and one of them is libtorch for CUDA, which TorchSharp finds.</summary>
    public bool HasCudaPackage =>
        IsInPackage(assembly)
            && PackagesOf(assembly) is var packages
            && Directory.Exists(packages)
            && Directory.EnumerateDirectories(packages, "libtorch-cuda-*").Any();

    /// <summary>
    /// Says whether TorchSharp's assembly is used where a package is unpacked, packages/torchsharp/version/lib/framework, as notebooks and scripts
    /// do. There each package's libraries are in a folder of their own, and TorchSharp's copying is what makes them load.
    /// </summary>
    public static bool IsInPackage(string assembly) =>
        assembly.Split('/', '\\') is [.., var package, _, "lib", _, _] && package.Equals("torchsharp", StringComparison.OrdinalIgnoreCase);

    /// <summary>The path of an assembly; "" in an application of a single file.</summary>
    [UnconditionalSuppressMessage("SingleFile", "IL3000", Justification = "No path leaves the folders of the application, which hold its libraries.")]
    public static string PathOf(Assembly assembly) => assembly.Location;

    /// <summary>Those of this application.</summary>
    /// <param name="assembly">The path of TorchSharp's assembly.</param>
    public static NativeFiles OfApplication(string assembly) =>
        new(Platform, AppContext.BaseDirectory, AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string, assembly);

    /// <summary>The file of a library: torch_cpu is libtorch_cpu.so, libtorch_cpu.dylib or torch_cpu.dll.</summary>
    public string NameOf(string library) => platform.Split('-')[0] switch
    {
        "win" => $"{library}.dll",
        "osx" => $"lib{library}.dylib",
        _ => $"lib{library}.so",
    };

    /// <summary>Finds a library in the application's folders.</summary>
    /// <returns>Its whole path; null if there is none.</returns>
    public string? Find(string library) => FindIn(Folders, library);

    /// <summary>Finds a library where the system's loader would look for it, to say that it is not used.</summary>
    /// <param name="library">Its name.</param>
    /// <param name="variable">Gives the value of a variable of the environment.</param>
    /// <returns>The whole path of the first; null if there is none.</returns>
    public string? FindElsewhere(string library, Func<string, string?> variable)
    {
        var (variables, folders) = platform.Split('-') switch
        {
            ["win", ..] => ((string[])["PATH"], (string[])[Environment.SystemDirectory]),
            ["osx", ..] => (["DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"], ["/usr/local/lib", "/usr/lib"]),
            [_, var processor] =>
                (
                    ["LD_LIBRARY_PATH"],
                    [$"/usr/lib/{(processor == "arm64" ? "aarch64" : "x86_64")}-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"]),
            _ => ([], []),
        };
        return FindIn([.. variables.SelectMany(name => (variable(name) ?? "").Split(Path.PathSeparator)), .. folders], library);
    }

    private string? FindIn(IEnumerable<string> folders, string library) =>
        folders.Where(Path.IsPathFullyQualified).Select(folder => Path.Combine(folder, NameOf(library))).FirstOrDefault(File.Exists);

    private static string[] WithRuntimes(string folder, string platform) => [folder, Path.Combine(folder, "runtimes", platform, "native")];

    /// <summary>
    /// Those of unpacked packages, each in a folder of its own, if TorchSharp's assembly is used there. On Linux TorchSharp takes what is loaded by
    /// its name, and need not copy 490 MB beside its assembly; with a package for CUDA it shall choose.
    /// </summary>
    private static string[] PackageFolders(string assembly, string platform)
    {
        if (!IsInPackage(assembly) || !platform.StartsWith("linux-", StringComparison.Ordinal))
        {
            return [];
        }

        var torchSharp = Path.GetFullPath(Path.Combine(assembly, "..", "..", ".."));
        var packages = PackagesOf(assembly);
        return Directory.Exists(packages) && Directory.EnumerateDirectories(packages, "libtorch-cuda-*").Any()
            ? []
            : [.. ((string[])[
                Path.Combine(packages, $"libtorch-cpu-{platform}", LibTorchAdvice.LibTorchVersion),
                torchSharp,
            ]).Select(package => Path.Combine(package, "runtimes", platform, "native"))];
    }

    // From packages/torchsharp/version/lib/framework/TorchSharp.dll.
    private static string PackagesOf(string assembly) => Path.GetFullPath(Path.Combine(assembly, "..", "..", "..", "..", ".."));
}
