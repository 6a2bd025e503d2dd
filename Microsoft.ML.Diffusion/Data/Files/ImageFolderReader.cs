namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Finds the files of a folder and tries each: which are images, of what size, and why the others are none.</summary>
internal sealed class ImageFolderReader(string folder, ImageFolderOptions options)
{
    private readonly List<(string FullPath, string Path)> _files = [];
    private readonly List<SkippedFile> _skipped = [];

    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public ImageFolderContent Read()
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        }

        List(new DirectoryInfo(folder));
        _files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));

        var trial = new ImageFileTrial(options);
        var tried = new IReadOnlyList<TriedImage>[_files.Count];
        Each(tried.Length, i => tried[i] = trial.Try(_files[i].FullPath, _files[i].Path));
        var levels = trial.Levels();
        var all = tried.SelectMany(one => one).ToArray();
        Each(all.Length, i => all[i] = all[i].IsDeep ? trial.TryAgain(all[i].Image!, levels) : all[i]);

        var skipped =
            _skipped.Concat(all.Select(one => one.Skipped).OfType<SkippedFile>()).OrderBy(one => one.Path, StringComparer.Ordinal);
        return new([.. all.Select(one => one.Image).OfType<ImageFile>()], [.. skipped], levels, trial.DeepImages());
    }

    private void Each(int count, Action<int> body)
    {
        var parallel =
            new ParallelOptions
            {
                CancellationToken = options.CancellationToken,
                MaxDegreeOfParallelism = options.MaximumDegreeOfParallelism ?? Environment.ProcessorCount,
            };
        Parallel.For(0, count, parallel, body);
    }

    // Hidden files are the notes of systems and programs; a link to a folder could lead in a circle or out of the folder.
    private void List(DirectoryInfo parent)
    {
        options.CancellationToken.ThrowIfCancellationRequested();
        try
        {
            foreach (var entry in parent.EnumerateFileSystemInfos("*", new EnumerationOptions { IgnoreInaccessible = false }))
            {
                if (entry is not DirectoryInfo child)
                {
                    _files.Add((entry.FullName, Relative(entry.FullName)));
                }
                else if (child.LinkTarget is null)
                {
                    List(child);
                }
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _skipped.Add(new(Relative(parent.FullName), SkippedFile.ReasonOf(exception, "the folder")));
        }
    }

    private string Relative(string path) => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');
}
