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
        var metadata = files.Where(file => MetadataFile.IsNamed(file.Path)).Select(file => new MetadataFile(file.FullPath, file.Path)).ToList();
        files = [.. files.Where(file => !MetadataFile.IsNamed(file.Path))];
        var labelled = options.LabelField is null
            ? default
            : MetadataLabels.Read(folder, metadata, [.. files.Select(file => file.Path)], options); // a mistake in it is told before all files are decoded
        var (described, notUnderstood) = Describe(metadata);
        var trial = new ImageFileTrial(options);
        var tried = new IReadOnlyList<TriedImage>[files.Count];
        Each(tried.Length, i => tried[i] = trial.Try(files[i].FullPath, files[i].Path));
        var levels = trial.Levels();
        var all = tried.SelectMany(one => one).ToArray();
        Each(all.Length, i => all[i] = all[i].IsDeep ? trial.TryAgain(all[i].Image!, levels) : all[i]);

        var skipped =
            noFiles.Concat(notUnderstood)
                .Concat(labelled.Skipped ?? [])
                .Concat(all.Select(one => one.Skipped).OfType<SkippedFile>())
                .OrderBy(one => one.Path, StringComparer.Ordinal);
        var images = all.Select(one => one.Image).OfType<ImageFile>().ToArray();
        var classes = labelled.Labels is { } labels
            ? new ImageClasses([.. tried.SelectMany((one, file) => one.Where(page => page.Image is not null).Select(_ => labels[file]))], areTyped: true)
            : new ImageClasses([.. images.Select(image => image.Folder)], areTyped: false);
        return new(images, [.. skipped], levels, trial.DeepImages(), classes, described);
    }

    private (IReadOnlyList<ImageMetadataFile> Described, IReadOnlyList<SkippedFile> Skipped) Describe(IEnumerable<MetadataFile> metadata)
    {
        List<ImageMetadataFile> described = [];
        List<SkippedFile> skipped = [];
        foreach (var file in metadata)
        {
            try
            {
                described.Add(new(file.Path, file.Fields(options.MaximumFileBytes)));
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                skipped.Add(new(file.Path, SkippedFile.ReasonOf(exception, "the file")));
            }
        }

        return (described, skipped);
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
