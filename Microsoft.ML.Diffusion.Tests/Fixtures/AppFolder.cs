using System.Text;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>The test program as another application has it: the same files, by links, but without libtorch or with another library of TorchSharp.</summary>
internal sealed class AppFolder : IDisposable
{
    private const string NativeLibrary = "libLibTorchSharp.so";

    private readonly TemporaryFolder _folder = new();

    private AppFolder(Func<string, bool> isLeftOut)
    {
        var source = AppContext.BaseDirectory;
        var patterns = new[] { "*.dll", "*.json", "*.so", "*.so.1" };
        foreach (var file in patterns.SelectMany(pattern => Directory.EnumerateFiles(source, pattern)).Concat(Directory.EnumerateFiles(Path.Combine(source, "runtimes"), "*", SearchOption.AllDirectories)))
        {
            if (!isLeftOut(Path.GetFileName(file)))
            {
                var path = _folder.File(Path.GetRelativePath(source, file));
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                File.CreateSymbolicLink(path, file);
            }
        }

        // The host looks for an application's files beside the assembly itself, wherever a link to it is.
        Replace(Path.GetFileName(Assembly), File.ReadAllBytes(typeof(AppFolder).Assembly.Location));
    }

    public string Assembly => _folder.File(Path.GetFileName(typeof(AppFolder).Assembly.Location));

    /// <summary>All its files.</summary>
    public string[] Files => [.. Directory.EnumerateFiles(_folder.Path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];

    /// <summary>As the SDK builds it without a reference to a libtorch package.</summary>
    public static AppFolder WithoutLibTorch()
    {
        var name = Path.ChangeExtension(Path.GetFileName(typeof(AppFolder).Assembly.Location), ".deps.json");
        var dependencies = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, name)))!.AsObject();
        var (leftOut, section) = (new HashSet<string?>(), (JsonObject)dependencies["targets"]!.AsObject().Single().Value!);
        foreach (var package in section.Select(entry => entry.Key).Where(key => key.StartsWith("libtorch-", StringComparison.Ordinal)).ToList())
        {
            var files = (section[package]!["runtimeTargets"] ?? section[package]!["native"])!.AsObject();
            leftOut.UnionWith(files.Select(file => Path.GetFileName(file.Key)));
            section.Remove(package);
            dependencies["libraries"]!.AsObject().Remove(package);
        }

        var folder = new AppFolder(leftOut.Contains);
        folder.Replace(name, Encoding.UTF8.GetBytes(dependencies.ToJsonString()));
        return folder;
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

    private void Replace(string name, byte[] content)
    {
        File.Delete(_folder.File(name));
        _folder.Write(name, content);
    }
}
