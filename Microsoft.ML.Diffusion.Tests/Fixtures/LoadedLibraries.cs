using System.Diagnostics;
using System.Runtime.Loader;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A process that draws, and then says which files of libtorch it has.</summary>
internal static class LoadedLibraries
{
    /// <summary>Draws a picture on the device that is chosen where none is named, and prints the path of each library of libtorch.</summary>
    public static void Run(string model)
    {
        var mlContext = new MLContext(seed: 1);
        var chosen = new List<string>();
        mlContext.Log +=
            (_, entry) => chosen.AddRange(entry.RawMessage.StartsWith("Device ", StringComparison.Ordinal) ? [entry.RawMessage] : []);
        using (var diffusion = mlContext.Diffusion.LoadModel(model, out _).GetDiffusion())
        {
            diffusion.Generate(1)[0].Dispose();
        }

        Console.WriteLine(string.Join('\n', chosen.Distinct()));
        using var process = Process.GetCurrentProcess();
        var files = process.Modules.Cast<ProcessModule>().Select(module => module.FileName).Where(IsOfLibTorch);
        Console.WriteLine(string.Join('\n', files.Distinct().Order(StringComparer.Ordinal)));
    }

    /// <summary>The same where TorchSharp's assembly is one that the host knows nothing of.</summary>
    public static void RunWith(string torchSharp, string model)
    {
        AssemblyLoadContext.Default.Resolving +=
            (context, name) => name.Name == "TorchSharp" ? context.LoadFromAssemblyPath(torchSharp) : null;
        Run(model);
    }

    private static bool IsOfLibTorch(string path) =>
        Path.GetFileName(path) is var name
            && (name.StartsWith("libtorch", StringComparison.Ordinal)
                || name.StartsWith("libLibTorch", StringComparison.Ordinal)
                || name.StartsWith("libc10", StringComparison.Ordinal));
}
