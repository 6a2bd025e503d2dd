using System.Diagnostics;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A sample as a user runs it: built, in its own process.</summary>
internal static class SampleProcess
{
    /// <summary>The sample's assembly, built if it is not there yet.</summary>
    public static string Assembly(string name) => Built(Path.Combine("samples", name), $"{name}.dll");

    /// <summary>The assembly of a program's project, built if it is not there yet.</summary>
    /// <param name="project">Its folder, relative to the solution's.</param>
    /// <param name="file">The name of the assembly's file.</param>
    public static string Built(string project, string file)
    {
        var assembly = BuildFiles.InRoot(project, "bin", BuildFiles.Configuration, "net10.0", file);
        if (!File.Exists(assembly))
        {
            var (built, log) = BuildFiles.RunDotnet("build", BuildFiles.InRoot(project), "-c", BuildFiles.Configuration);
            Assert.AreEqual(0, built, log);
        }

        return assembly;
    }

    /// <summary>Runs a sample to its end.</summary>
    /// <returns>Its exit code, and what it wrote to each of both outputs.</returns>
    public static (int ExitCode, string Output, string Error) Run(string name, params string[] arguments)
    {
        using var process =
            Process.Start(
                new ProcessStartInfo("dotnet", ["exec", Assembly(name), .. arguments])
                {
                    RedirectStandardOutput = true,
                    RedirectStandardError = true,
                })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.ReplaceLineEndings("\n"), error.Result.ReplaceLineEndings("\n"));
    }
}
