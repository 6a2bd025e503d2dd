namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Finds the files of a folder and tries each: which are images, of what size, and why the others are none.</summary>
internal sealed class ImageFolderReader(string folder, ImageFolderOptions options)
{
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public ImageFolderContent Read()
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        }

        var (files, noFiles) = FolderListing.Of(folder, options.CancellationToken);
        var trial = new ImageFileTrial(options);
        var tried = new IReadOnlyList<TriedImage>[files.Count];
        Each(tried.Length, i => tried[i] = trial.Try(files[i].FullPath, files[i].Path));
        var levels = trial.Levels();
        var all = tried.SelectMany(one => one).ToArray();
        Each(all.Length, i => all[i] = all[i].IsDeep ? trial.TryAgain(all[i].Image!, levels) : all[i]);

        var skipped =
            noFiles.Concat(all.Select(one => one.Skipped).OfType<SkippedFile>()).OrderBy(one => one.Path, StringComparer.Ordinal);
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
}
