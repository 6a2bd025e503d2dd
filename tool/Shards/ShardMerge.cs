using Diffusion.Tool.Running;

namespace Diffusion.Tool.Shards;

/// <summary>A look at all shards in a folder: whether they are complete, of one run, and as they were written. Of a folder only a line stays in memory.</summary>
/// <param name="folder">The folder that all lie in.</param>
/// <param name="session">Is told how far it is.</param>
internal sealed class ShardMerge(string folder, Session session)
{
    private readonly List<ShardFault> _faults = [];
    private readonly List<CheckedShard> _shards = [];
    private ShardManifest? _first; // without its files

    /// <summary>What is wrong, in the order of the folders.</summary>
    public IReadOnlyList<ShardFault> Faults => [.. _faults.OrderBy(fault => fault.Folder)];

    /// <summary>The folders in which nothing is wrong, in their order.</summary>
    public IReadOnlyList<CheckedShard> Shards => _shards;

    /// <summary>What all are of.</summary>
    public ShardRun Run => _first!.Run;

    private ShardCut Cut => new(Run.Count, Run.Shards);

    /// <summary>Reads all files.</summary>
    /// <exception cref="ToolException">There is no shard that tells what run it is of.</exception>
    public void Check()
    {
        var numbers =
            Directory.EnumerateDirectories(folder).Select(path => ShardCut.NumberOf(Path.GetFileName(path))).OfType<int>().Order().ToList();
        for (var i = 0; i < numbers.Count; i++)
        {
            session.CancellationToken.ThrowIfCancellationRequested();
            Check(numbers[i]);
            session.Drawing.Report((i + 1.0) / numbers.Count);
        }

        if (_first is null)
        {
            throw new ToolException(
                $"There is no finished shard in '{folder}'{(_faults.Count > 0 ? $": {_faults[0]}" : "")}. Make some: diffusion generate MODEL --count M --seed N --shard I/N --output {ShellWord.Of(folder)}");
        }

        _faults.AddRange(Enumerable.Range(0, Cut.Folders).Except(numbers).Select(number => new ShardFault(number, "is missing", MustGo: false)));
    }

    /// <summary>The commands that mend all faults, each once.</summary>
    public IReadOnlyList<string> Commands()
    {
        var (faults, cut) = (Faults, Cut);
        var deleted = faults.Where(fault => fault.MustGo).Select(fault => $"rm -r {ShellWord.Of(Path.Combine(folder, fault.Name))}");
        var shards = faults.Where(fault => fault.Folder < cut.Folders).Select(fault => cut.ShardOf(fault.Folder)).Distinct();
        return
        [
            .. deleted,
            .. shards.Select(shard =>
                $"diffusion generate {ShellWord.Of(_first!.Model)} {_first.Arguments} --count {Run.Count} --shard {shard}/{Run.Shards} --output {ShellWord.Of(folder)}"),
        ];
    }

    private void Check(int number)
    {
        var path = Path.Combine(folder, ShardCut.NameOf(number), ShardManifest.FileName);
        try
        {
            var manifest = ShardManifest.Read(path);
            if (FaultOf(number, manifest) is { } fault)
            {
                _faults.Add(new(number, fault, MustGo: true));
                return;
            }

            _shards.Add(new(number, manifest.Range, manifest.Device, Digests.OfFile(path)));
        }
        catch (FileNotFoundException)
        {
            _faults.Add(new(number, "is not finished", MustGo: false)); // the command goes on with it
        }
        catch (FormatException exception)
        {
            _faults.Add(new(number, $"is damaged. {exception.Message}", MustGo: true));
        }
    }

    private string? FaultOf(int number, ShardManifest manifest)
    {
        if (manifest.Run.Shards < 1 || manifest.Run.Count < manifest.Run.Shards)
        {
            return $"is of {manifest.Run.Count} images in {manifest.Run.Shards} shards, which cannot be";
        }

        _first ??= manifest with { Files = [] };
        if (Run.DifferenceTo(manifest.Run) is { } difference)
        {
            return $"is of another run than the first: {difference}";
        }

        var cut = Cut;
        if (number >= cut.Folders)
        {
            return $"is one too many: {cut.Images} images in {cut.Shards} shards are {cut.Folders} folders";
        }

        return manifest.Range == cut[number] && manifest.Files.Select(file => file.Name).SequenceEqual(ShardFolder.NamesOf(cut[number]))
            ? FaultOfFiles(Path.Combine(folder, ShardCut.NameOf(number)), manifest)
            : $"is of images {manifest.Range}, not {cut[number]}";
    }

    private string? FaultOfFiles(string path, ShardManifest manifest)
    {
        var names = manifest.Files.Select(file => file.Name).ToHashSet();
        if (new ShardFolder(path).Images().Select(file => Path.GetFileName(file)).Where(name => !names.Contains(name)).Min() is { } other)
        {
            return $"holds '{other}', which its manifest does not name";
        }

        var faults = new string?[manifest.Files.Count];
        Parallel.For(
            0,
            faults.Length,
            new ParallelOptions { CancellationToken = session.CancellationToken },
            i => faults[i] = FaultOfFile(path, manifest.Files[i]));
        return faults.OfType<string>().FirstOrDefault();
    }

    private static string? FaultOfFile(string path, ShardFile file)
    {
        var image = Path.Combine(path, file.Name);
        return !File.Exists(image) ? $"lacks '{file.Name}'"
            : Digests.OfFile(image) != file.Sha256 ? $"holds '{file.Name}', whose SHA-256 is not that of its manifest"
            : null;
    }
}

/// <summary>A folder in which nothing is wrong.</summary>
/// <param name="Folder">Its number.</param>
/// <param name="Images">What it holds.</param>
/// <param name="Device">What computed.</param>
/// <param name="ManifestSha256">The digest of its manifest, which has those of its files.</param>
internal sealed record CheckedShard(int Folder, ImageRange Images, string Device, string ManifestSha256);

/// <summary>What is wrong with a shard's folder.</summary>
/// <param name="Folder">Its number.</param>
/// <param name="What">What is wrong, behind its name.</param>
/// <param name="MustGo">Whether it must be deleted first: what makes shards would leave it as it is.</param>
internal sealed record ShardFault(int Folder, string What, bool MustGo)
{
    /// <summary>Gets its name.</summary>
    public string Name => ShardCut.NameOf(Folder);

    public override string ToString() => $"{Name} {What}";
}
