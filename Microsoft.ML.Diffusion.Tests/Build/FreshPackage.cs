using System.IO.Compression;
using System.Xml.Linq;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Build;

/// <summary>A package of what the tests were built with, the library unless another is named, packed anew under a version that no package folder knows.</summary>
internal sealed class FreshPackage : IDisposable
{
    public const string Id = "Microsoft.ML.Diffusion";

    private readonly TemporaryFolder _folder = new();
    private readonly string _id;

    /// <summary>Packs without building, and with all that is written in a folder of its own, because other tests use the repository's.</summary>
    /// <param name="id">The package, which is also the name of its folder.</param>
    public FreshPackage(string id = Id)
    {
        _id = id;
        Version = $"0.1.0-test.{DateTime.UtcNow:yyyyMMddHHmmss}.{Environment.ProcessId}";
        var (exitCode, log) = BuildFiles.RunDotnet(
            "pack", BuildFiles.InRoot(id), "-c", BuildFiles.Configuration, "--no-build", "--no-restore", "-o", Feed, "-warnaserror",
            $"-p:PackageVersion={Version}", $"-p:NuspecOutputPath={_folder.File("nuspec")}{Path.DirectorySeparatorChar}");
        (ExitCode, Log) = (exitCode, log);
    }

    public string Version { get; }

    public int ExitCode { get; }

    public string Log { get; }

    /// <summary>Gets the folder of the packages, which serves as a source of packages.</summary>
    public string Feed => _folder.File("feed");

    /// <summary>Gets the files of the package, or of the one with its symbols, without those that every package has.</summary>
    public Dictionary<string, byte[]> Files(string extension = "nupkg")
    {
        using var archive = ZipFile.OpenRead(Path.Combine(Feed, $"{_id}.{Version}.{extension}"));
        return archive.Entries.Where(
            entry => !entry.FullName.StartsWith("_rels/", StringComparison.Ordinal)
                && !entry.FullName.StartsWith("package/", StringComparison.Ordinal)
                && entry.FullName != "[Content_Types].xml")
            .ToDictionary(entry => entry.FullName, Read);
    }

    /// <summary>Gets the metadata of the package.</summary>
    public XElement Nuspec()
    {
        var root = XElement.Load(new MemoryStream(Files()[$"{_id}.nuspec"]));
        return root.Elements().Single();
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Read(ZipArchiveEntry entry)
    {
        using var content = new MemoryStream();
        using var stream = entry.Open();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
