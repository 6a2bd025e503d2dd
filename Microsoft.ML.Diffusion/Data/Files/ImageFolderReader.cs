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
        var tried = new (ImageFile? Image, SkippedFile? Skipped)[files.Count];
        var parallel =
            new ParallelOptions
            {
                CancellationToken = options.CancellationToken,
                MaxDegreeOfParallelism = options.MaximumDegreeOfParallelism ?? Environment.ProcessorCount,
            };
        Parallel.For(0, tried.Length, parallel, i => tried[i] = Try(files[i].FullPath, files[i].Path));
        var images = tried.Select(one => one.Image).OfType<ImageFile>().ToList();
        var skipped =
            noFiles.Concat(tried.Select(one => one.Skipped).OfType<SkippedFile>()).OrderBy(one => one.Path, StringComparer.Ordinal);
        return new(images, [.. skipped]);
    }

    private (ImageFile?, SkippedFile?) Try(string fullPath, string path)
    {
        try
        {
            var image = ImageDecoder.Decode(fullPath, options);
            return (new(fullPath, path, image.Width, image.Height, image.IsGrey()), null);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            return (null, new(path, SkippedFile.ReasonOf(exception, "the file")));
        }
    }
}
