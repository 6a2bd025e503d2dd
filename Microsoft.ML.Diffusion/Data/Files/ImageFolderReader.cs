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

        var tried = new (ImageFile? Image, SkippedFile? Skipped)[_files.Count];
        var parallel =
            new ParallelOptions
            {
                CancellationToken = options.CancellationToken,
                MaxDegreeOfParallelism = options.MaximumDegreeOfParallelism ?? Environment.ProcessorCount,
            };
        Parallel.For(0, tried.Length, parallel, i => tried[i] = Try(_files[i].FullPath, _files[i].Path));
        var images = tried.Select(one => one.Image).OfType<ImageFile>().ToList();
        var skipped =
            _skipped.Concat(tried.Select(one => one.Skipped).OfType<SkippedFile>()).OrderBy(one => one.Path, StringComparer.Ordinal);
        return new(images, [.. skipped]);
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
            _skipped.Add(new(Relative(parent.FullName), Reason(exception, "the folder")));
        }
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
            return (null, new(path, Reason(exception, "the file")));
        }
    }

    private string Relative(string path) => Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/');

    private static string Reason(Exception exception, string what) => exception switch
    {
        InvalidDataException => exception.Message,
        UnauthorizedAccessException => $"permissions forbid reading {what}",
        FileNotFoundException or DirectoryNotFoundException => $"{what} is not there any more, or is a link to nothing",
        _ => $"{what} cannot be read ({exception.Message})",
    };
}
