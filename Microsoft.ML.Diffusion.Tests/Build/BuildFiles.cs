using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>Finds what the tests of the build need in the source folder, and starts processes of the SDK.</summary>
internal static class BuildFiles
{
    /// <summary>Gets the folder of the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Gets the configuration that the tests were built in, which is a folder of their path.</summary>
    public static string Configuration { get; } = Path.GetRelativePath(InRoot("Microsoft.ML.Diffusion.Tests", "bin"), AppContext.BaseDirectory).Split(Path.DirectorySeparatorChar)[0];

    public static string InRoot(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>Runs the dotnet command and returns its exit code and all that it printed.</summary>
    public static (int ExitCode, string Output) RunDotnet(params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en"; // messages are compared
        start.Environment["DOTNET_NOLOGO"] = "1";

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
            folder = folder.Parent ?? throw new DirectoryNotFoundException($"No folder above '{AppContext.BaseDirectory}' has Diffusion.sln.");
        }

        return folder.FullName;
    }
}
