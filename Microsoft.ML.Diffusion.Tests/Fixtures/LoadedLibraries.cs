using System.Diagnostics;
using System.Runtime.Loader;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>What a process has loaded of TorchSharp and libtorch.</summary>
internal static class LoadedLibraries
{
    private static readonly string[] _beginnings = ["torch", "c10", "LibTorch"];

    /// <summary>All of it: TorchSharp's assembly, and each native file by its path.</summary>
    public static string[] OfTorch() =>
    [
        .. AppDomain.CurrentDomain.GetAssemblies()
            .Select(assembly => assembly.GetName())
            .Where(name => name.Name!.StartsWith("TorchSharp", StringComparison.Ordinal))
            .Select(name => name.FullName),
        .. NativeFiles(),
    ];

    /// <summary>Generates an image by libtorch, and prints the devices that were chosen and the path of each library of libtorch.</summary>
    public static void Run(string model)
    {
        var mlContext = new MLContext(seed: 1);
        var chosen = new List<string>();
        mlContext.Log +=
            (_, entry) => chosen.AddRange(entry.RawMessage.StartsWith("Device ", StringComparison.Ordinal) ? [entry.RawMessage] : []);
        using (var diffusion = mlContext.Diffusion.LoadDiffusionModel(model))
        {
            diffusion.ToDevice("torch").Generate(1)[0].Dispose();
        }

        Console.WriteLine(string.Join('\n', chosen.Distinct()));
        Console.WriteLine(string.Join('\n', NativeFiles()));
    }

    /// <summary>The same where TorchSharp's assembly is one that the host knows nothing of.</summary>
    public static void RunWith(string torchSharp, string model)
    {
        AssemblyLoadContext.Default.Resolving +=
            (context, name) => name.Name == "TorchSharp" ? context.LoadFromAssemblyPath(torchSharp) : null;
        Run(model);
    }

    private static IEnumerable<string> NativeFiles() => Files().Where(IsOfLibTorch).Distinct().Order(StringComparer.Ordinal);

    private static List<string> Files()
    {
        if (OperatingSystem.IsLinux())
        {
            // Whatever is mapped, also what holds no code.
            return [.. File.ReadLines("/proc/self/maps").Where(line => line.Contains('/')).Select(line => line[line.IndexOf('/')..])];
        }

        using var process = Process.GetCurrentProcess();
        return [.. process.Modules.Cast<ProcessModule>().Select(module => module.FileName)];
    }

    private static bool IsOfLibTorch(string path)
    {
        var file = Path.GetFileName(path);
        var name = file.StartsWith("lib", StringComparison.Ordinal) ? file[3..] : file;
        return Array.Exists(_beginnings, beginning => name.StartsWith(beginning, StringComparison.Ordinal));
    }
}
