using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Engines.Torch;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>
/// The test program as another application has it: the same files, by links, but without libtorch, with another library of TorchSharp, or as in a
/// notebook.
/// </summary>
internal sealed class AppFolder : IDisposable
{
    private const string NativeLibrary = "libLibTorchSharp.so";

    private readonly TemporaryFolder _folder = new();

    private AppFolder(Func<string, bool> isLeftOut)
    {
        var source = AppContext.BaseDirectory;
        var patterns = new[] { "*.dll", "*.json", "*.so", "*.so.1" };
        foreach (var file in patterns.SelectMany(pattern => Directory.EnumerateFiles(source, pattern)).Concat(Directory.EnumerateFiles(
            Path.Combine(source, "runtimes"),
            "*",
            SearchOption.AllDirectories)))
        {
            if (!isLeftOut(Path.GetFileName(file)))
            {
                Link(Path.GetRelativePath(source, file), file);
            }
        }

        // The host looks for an application's files beside the assembly itself, wherever a link to it is.
        Replace(Path.GetFileName(Assembly), File.ReadAllBytes(typeof(AppFolder).Assembly.Location));
    }

    public string Assembly => _folder.File(Path.GetFileName(typeof(AppFolder).Assembly.Location));

    /// <summary>All its files.</summary>
    public string[] Files => [.. Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    /// <summary>Where <see cref="AsNotebook"/> has TorchSharp's assembly.</summary>
    public string TorchSharp => _folder.File($"packages/torchsharp/{TorchSharpVersion}/lib/net8.0/TorchSharp.dll");

    /// <summary>The folder with the application's libtorch.</summary>
    public static string LibTorchFolder => Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native");

    private static string TorchSharpVersion => typeof(torch).Assembly.GetName().Version!.ToString(3);

    /// <summary>As the SDK builds it without a reference to a libtorch package.</summary>
    public static AppFolder WithoutLibTorch() => WithoutPackages("libtorch-").App;

    /// <summary>Without anything of libtorch and TorchSharp, of which the host knows nothing either.</summary>
    public static AppFolder WithoutTorchSharp() => WithoutPackages("libtorch-", "TorchSharp/").App;

    /// <summary>As a notebook has it: TorchSharp and libtorch where their packages are unpacked, of which the host knows nothing.</summary>
    public static AppFolder AsNotebook()
    {
        var (app, leftOut) = WithoutPackages("libtorch-", "TorchSharp/");
        app._folder.Write(Path.GetRelativePath(app._folder.Path, app.TorchSharp), File.ReadAllBytes(typeof(torch).Assembly.Location));
        foreach (var library in leftOut.Where(name => File.Exists(Path.Combine(LibTorchFolder, name))))
        {
            var package =
                library == NativeLibrary ? $"torchsharp/{TorchSharpVersion}" : $"libtorch-cpu-linux-x64/{LibTorchAdvice.LibTorchVersion}";
            app.Link($"packages/{package}/runtimes/linux-x64/native/{library}", Path.Combine(LibTorchFolder, library));
        }

        return app;
    }

    /// <summary>As the SDK builds it without this repository's build step.</summary>
    public static AppFolder WithLibrary(string library)
    {
        var folder = new AppFolder(_ => false);
        foreach (var place in folder.Files.Where(file => Path.GetFileName(file) == NativeLibrary))
        {
            File.Delete(place);
            File.CreateSymbolicLink(place, library);
        }

        return folder;
    }

    public void Dispose() => _folder.Dispose();

    private static (AppFolder App, IReadOnlyCollection<string> LeftOut) WithoutPackages(params string[] prefixes)
    {
        var name = Path.ChangeExtension(Path.GetFileName(typeof(AppFolder).Assembly.Location), ".deps.json");
        var dependencies = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, name)))!.AsObject();
        var (leftOut, section) = (new HashSet<string>(), (JsonObject)dependencies["targets"]!.AsObject().Single().Value!);
        foreach (var package in section.Select(entry => entry.Key)
            .Where(key => Array.Exists(prefixes, prefix => key.StartsWith(prefix, StringComparison.Ordinal)))
            .ToList())
        {
            leftOut.UnionWith(
                ((string[])["runtime", "runtimeTargets", "native"]).SelectMany(kind => section[package]![kind]?.AsObject() ?? [])
                    .Select(file => Path.GetFileName(file.Key)));
            section.Remove(package);
            dependencies["libraries"]!.AsObject().Remove(package);
        }

        var folder = new AppFolder(leftOut.Contains);
        folder.Replace(name, Encoding.UTF8.GetBytes(dependencies.ToJsonString()));
        return (folder, leftOut);
    }

    private void Link(string name, string target)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder.File(name))!);
        File.CreateSymbolicLink(_folder.File(name), target);
    }

    private void Replace(string name, byte[] content)
    {
        File.Delete(_folder.File(name));
        _folder.Write(name, content);
    }
}
