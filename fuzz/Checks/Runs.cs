using System.Globalization;
using Microsoft.ML.Diffusion.Tests.Processes;

namespace Microsoft.ML.Diffusion.Fuzz.Checks;

/// <summary>
/// Starts the sample and short trainings, each in a process of its own, and counts those that crash, learn no numbers or have foreign lines on their
/// standard error.
/// </summary>
internal static class Runs
{
    /// <param name="count">Number of processes of each kind.</param>
    /// <returns>0 if none fails.</returns>
    public static int Run(int count)
    {
        var output = Directory.CreateTempSubdirectory("diffusion-runs-");
        try
        {
            var (sample, runs) = (Sample("TrainAndGenerate"), new ProcessRuns());
            for (var seed = 0; seed < count; seed++)
            {
                var told = runs.Failures.Count;
                var text = seed.ToString(CultureInfo.InvariantCulture);
                runs.Run($"sample {text}", "draws the same pictures, pixel by pixel.", sample, "--quick", "--output", output.FullName);
                runs.Run($"fit {text}", "loss ", typeof(Runs).Assembly.Location, "fit", text);
                runs.Failures.Skip(told).ToList().ForEach(Console.WriteLine);
            }

            Console.WriteLine(runs);
            return runs.Failures.Count > 0 ? 1 : 0;
        }
        finally
        {
            output.Delete(recursive: true);
        }
    }

    /// <summary>A sample of the same clone and configuration.</summary>
    internal static string Sample(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        var (framework, configuration) = (folder.Name, folder.Parent!.Name);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "Diffusion.sln")))
        {
            folder = folder.Parent;
        }

        var assembly =
            Path.Combine(folder?.FullName ?? "", "samples", name, "bin", configuration, framework, $"{name}.dll");
        return File.Exists(assembly)
            ? assembly
            : throw new FileNotFoundException($"There is no {assembly}. Build it: dotnet build samples/{name} -c {configuration}");
    }
}
