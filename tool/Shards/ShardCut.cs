namespace Diffusion.Tool.Shards;

/// <summary>Images that follow each other.</summary>
/// <param name="First">The number of the first within its seed.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct ImageRange(long First, int Count)
{
    public override string ToString() => FormattableString.Invariant($"{First} to {First + Count - 1}");
}

/// <summary>
/// How the images of a run are cut: into equally many folders for each shard, so many that none has more than 10,000 images, all as equal as can be. It follows
/// from both numbers alone, so that machines which know nothing of each other cut alike.
/// </summary>
/// <param name="Images">All images.</param>
/// <param name="Shards">The parts that are generated apart; at most one for each image.</param>
internal sealed record ShardCut(int Images, int Shards)
{
    /// <summary>The most images of a folder: more are slow to list.</summary>
    public const int MostImages = 10_000;

    private const string FolderPrefix = "shard-";

    /// <summary>Gets the number of folders.</summary>
    public int Folders => Shards * FoldersOfShard;

    /// <summary>The images of a folder.</summary>
    public ImageRange this[int folder]
    {
        get
        {
            var (first, end) = ((long)folder * Images / Folders, (folder + 1L) * Images / Folders);
            return new ImageRange(first, (int)(end - first));
        }
    }

    private int FoldersOfShard => (int)((Images + ((long)Shards * MostImages) - 1) / ((long)Shards * MostImages));

    /// <summary>The name of a folder.</summary>
    public static string NameOf(int folder) => FormattableString.Invariant($"{FolderPrefix}{folder:D5}");

    /// <summary>The number of a folder of this name; <see langword="null"/> if it is none of a shard.</summary>
    public static int? NumberOf(string name) =>
        name.StartsWith(FolderPrefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(FolderPrefix.Length), System.Globalization.NumberStyles.None, null, out var number)
            && NameOf(number) == name
            ? number
            : null;

    /// <summary>The folders of a shard.</summary>
    public IEnumerable<int> FoldersOf(int shard) => Enumerable.Range(shard * FoldersOfShard, FoldersOfShard);

    /// <summary>The shard that a folder belongs to.</summary>
    public int ShardOf(int folder) => folder / FoldersOfShard;
}
