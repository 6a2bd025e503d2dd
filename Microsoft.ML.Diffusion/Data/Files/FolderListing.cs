namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Lists the files of a folder and below it, each folder once whatever links lead to it, without what systems and programs leave there.</summary>
internal sealed class FolderListing
{
    private readonly string _root;
    private readonly CancellationToken _cancellationToken;
    private readonly List<(string FullPath, string Path)> _files = [];
    private readonly List<SkippedFile> _skipped = [];
    private readonly Dictionary<string, string> _read = new(RealPath.Comparer); // real paths, and the paths that led there

    private FolderListing(string root, CancellationToken cancellationToken) => (_root, _cancellationToken) = (root, cancellationToken);

    /// <summary>Lists a folder that exists.</summary>
    /// <returns>The files, in ordinal order of their paths from the folder with <c>/</c> between names; and what can be no image, with the reason.</returns>
    public static (IReadOnlyList<(string FullPath, string Path)> Files, IReadOnlyList<SkippedFile> Skipped) Of(
        string folder,
        CancellationToken cancellationToken)
    {
        var listing = new FolderListing(folder, cancellationToken);
        listing.Walk();
        listing._files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return (listing._files, listing._skipped);
    }

    // Links wait until all folders without one are read, so that a folder's own place counts before a link to it; and in ordinal order, so that
    // the same link to a folder counts on every system.
    private void Walk()
    {
        var links = new SortedDictionary<string, DirectoryInfo>(StringComparer.Ordinal);
        Read(new DirectoryInfo(_root), links);
        while (links.Count > 0)
        {
            var (path, link) = links.First();
            links.Remove(path);
            Read(link, links);
        }
    }

    private void Read(DirectoryInfo folder, SortedDictionary<string, DirectoryInfo> links)
    {
        _cancellationToken.ThrowIfCancellationRequested();
        var path = Relative(folder);
        try
        {
            var real = RealPath.Of(folder);
            if (_read.TryGetValue(real, out var reached))
            {
                _skipped.Add(new(path, $"the folder is read already, as '{reached}'"));
                return;
            }

            _read.Add(real, path);
            foreach (var entry in folder.EnumerateFileSystemInfos("*", new EnumerationOptions { IgnoreInaccessible = false }))
            {
                Add(entry, links);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _skipped.Add(new(path, SkippedFile.ReasonOf(exception, "the folder")));
        }
    }

    private void Add(FileSystemInfo entry, SortedDictionary<string, DirectoryInfo> links)
    {
        if (Litter.Contains(entry.Name))
        {
            return;
        }

        var path = Relative(entry);
        if (entry.Name.Contains('\uFFFD', StringComparison.Ordinal) && !Path.Exists(entry.FullName))
        {
            _skipped.Add(new(path, "its name is not UTF-8: rename it")); // what .NET shows of such a name opens nothing
        }
        else if (entry is not DirectoryInfo folder)
        {
            _files.Add((entry.FullName, path));
        }
        else if (folder.LinkTarget is null)
        {
            Read(folder, links);
        }
        else
        {
            links[path] = folder;
        }
    }

    private string Relative(FileSystemInfo entry) =>
        Path.GetRelativePath(_root, entry.FullName).Replace(Path.DirectorySeparatorChar, '/');
}
