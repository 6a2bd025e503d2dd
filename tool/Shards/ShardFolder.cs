using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Shards;

/// <summary>A folder of one shard: 20000.png, 20001.png, ... and, last, the manifest of them.</summary>
/// <param name="path">The folder, whether it is there or not.</param>
internal sealed class ShardFolder(string path)
{
    /// <summary>Begins a shard and is deleted when its manifest is there: so a folder that is half full is known for one of this tool, and of which run.</summary>
    public const string DraftName = "unfinished.json";

    private const string PartialPrefix = ".partial-"; // of files that a killed process was writing

    public string ManifestPath => Path.Combine(path, ShardManifest.FileName);

    private string DraftPath => Path.Combine(path, DraftName);

    /// <summary>Whether all images are there already. Lengths are compared; digests are by 'diffusion merge', since that reads every file.</summary>
    /// <param name="wanted">What the folder is to hold, without files.</param>
    /// <exception cref="ToolException">It holds images of another run, or what is none of this tool's.</exception>
    public bool IsDone(ShardManifest wanted)
    {
        if (File.Exists(ManifestPath))
        {
            var manifest = Read(ManifestPath);
            RequireSame(wanted, manifest);
            return IsWhole(manifest);
        }

        if (File.Exists(DraftPath))
        {
            RequireSame(wanted, Read(DraftPath));
        }
        else if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            throw new ToolException(
                $"'{path}' is there already and no shard of this tool. Add --force to replace the numbered images in it, or name another --output.");
        }

        return false;
    }

    /// <summary>Makes the folder ready for images: what an earlier run left is deleted, the manifest first.</summary>
    public void Begin(ShardManifest wanted)
    {
        WholeFile.MakeFolder(path);
        File.Delete(ManifestPath);
        wanted.Write(DraftPath);
        foreach (var file in Images().Concat(Directory.EnumerateFiles(path, $"{PartialPrefix}*")).ToList())
        {
            File.Delete(file);
        }
    }

    /// <summary>Writes the manifest of all files: from then on the shard is done.</summary>
    public void Finish(ShardManifest wanted, IReadOnlyList<string> files)
    {
        var digests = new ShardFile[files.Count];
        Parallel.For(0, files.Count, i =>
            digests[i] = new ShardFile(Path.GetFileName(files[i]), new FileInfo(files[i]).Length, Digests.OfFile(files[i])));
        (wanted with { Files = digests }).Write(ManifestPath);
        File.Delete(DraftPath);
    }

    /// <summary>The numbered images in the folder, whoever put them there.</summary>
    public IEnumerable<string> Images() =>
        Directory.EnumerateFiles(path, "*.png").Where(file => Path.GetFileNameWithoutExtension(file).All(char.IsAsciiDigit));

    private static ShardManifest Read(string path)
    {
        try
        {
            return ShardManifest.Read(path);
        }
        catch (FormatException exception)
        {
            throw new ToolException($"{exception.Message} Add --force to make the shard anew.", exception);
        }
    }

    private bool IsWhole(ShardManifest manifest) =>
        manifest.Files.Select(file => file.Name).SequenceEqual(NamesOf(manifest.Range))
            && manifest.Files.All(file => new FileInfo(Path.Combine(path, file.Name)) is { Exists: true } found && found.Length == file.Bytes);

    /// <summary>The files that images have.</summary>
    public static IEnumerable<string> NamesOf(ImageRange images) =>
        Enumerable.Range(0, images.Count).Select(i => NumberedPictures.NameOf(images.First + i));

    private void RequireSame(ShardManifest wanted, ShardManifest found)
    {
        var difference = wanted.Run.DifferenceTo(found.Run)
            ?? (wanted.Range == found.Range ? null : $"its images are {found.Range}, not {wanted.Range}");
        if (difference is not null)
        {
            throw new ToolException(
                $"'{path}' holds images of another run: {difference}. Name another --output, or add --force to replace them.");
        }
    }
}
