using System.Diagnostics;
using System.Text.Json;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>Finds what the tests of the build need in the source folder, and starts processes of the SDK.</summary>
internal static class BuildFiles
{
    /// <summary>Gets the folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Gets the configuration that the tests were built in, which is a folder of their path.</summary>
    public static string Configuration { get; } =
        Path.GetRelativePath(Root, AppContext.BaseDirectory).Split(Path.DirectorySeparatorChar)[2]; // PROJECT/bin/Release

    private static readonly string _assets = InRoot("Microsoft.ML.Diffusion.Tests", "obj", "project.assets.json");

    public static string InRoot(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Returns a file of a package, in the package folder that the restore of the tests chose.</summary>
    public static string InPackage(string package, string path)
    {
        using var assets = JsonDocument.Parse(File.ReadAllBytes(_assets));
        var library =
            assets.RootElement.GetProperty("libraries")
                .EnumerateObject()
                .Single(library => library.Name.StartsWith($"{package}/", StringComparison.Ordinal));
        return PackageFolders().Select(folder =>
            Path.Combine(folder, library.Value.GetProperty("path").GetString()!, path)).First(File.Exists);
    }

    /// <summary>Returns the folders with the packages that the restore of the tests chose.</summary>
    public static string[] PackageFolders()
    {
        using var assets = JsonDocument.Parse(File.ReadAllBytes(_assets));
        return [.. assets.RootElement.GetProperty("packageFolders").EnumerateObject().Select(folder => folder.Name)];
    }

    /// <summary>Runs the dotnet command and returns its exit code and all that it printed.</summary>
    public static (int ExitCode, string Output) RunDotnet(params string[] arguments) =>
        RunDotnetIn(Environment.CurrentDirectory, arguments);

    /// <summary>Runs the dotnet command in a folder and returns its exit code and all that it printed.</summary>
    public static (int ExitCode, string Output) RunDotnetIn(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en"; // messages are compared
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1"; // a process that stays would hold the pipes open
        start.Environment["UseSharedCompilation"] = "false";

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(); // at the same time, or a full pipe would stop the process
        var output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        process.WaitForExit();
        return (process.ExitCode, output.ReplaceLineEndings("\n").Trim());
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Diffusion.sln")))
        {
            folder = folder.Parent
                ?? throw new DirectoryNotFoundException($"No folder above '{AppContext.BaseDirectory}' has Diffusion.sln.");
        }

        return folder.FullName;
    }
}
