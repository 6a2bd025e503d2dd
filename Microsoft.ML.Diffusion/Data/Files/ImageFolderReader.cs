using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Finds the files of a folder and tries each: which are images, of what size, and why the others are none.</summary>
/// <param name="folder">The folder.</param>
/// <param name="options">Size and limits.</param>
/// <param name="tell">Is told how far it is, where it takes long.</param>
internal sealed class ImageFolderReader(string folder, ImageFolderOptions options, Action<string> tell)
{
    /// <exception cref="ArgumentOutOfRangeException">A metadata file has no field of the name that the options give.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FormatException">A metadata file that is needed cannot be understood.</exception>
    /// <exception cref="InvalidOperationException">There is none that is needed, or there are two for the same images.</exception>
    public ImageFolderContent Read()
    {
        if (!Directory.Exists(folder))
        {
            throw new DirectoryNotFoundException($"There is no folder '{folder}'.");
        }

        var (found, noFiles) = FolderListing.Of(folder, options.CancellationToken);
        var kinds = found.ToLookup(file => MetadataFile.IsNamed(file.Path));
        var files = kinds[false].ToArray();
        MetadataFile[] metadata = [.. kinds[true].Select(file => new MetadataFile(file.FullPath, file.Path))];
        var (labels, unmatched) = Labels(metadata, files); // before all files are decoded: a mistake is told at once
        var (described, notUnderstood) = Describe(metadata);
        var trial = new ImageFileTrial(options);
        var tried = new IReadOnlyList<TriedImage>[files.Length];
        var work =
            new LongWork(
                done => string.Create(CultureInfo.InvariantCulture, $"Reading '{folder}': {done:N0} of {files.Length:N0} files so far."),
                tell);
        Each(tried.Length, i =>
        {
            tried[i] = trial.Try(files[i].FullPath, files[i].Path);
            work.Done();
        });
        var levels = trial.Levels();
        var all = tried.SelectMany((pages, file) => pages.Select(page => (Page: page, File: file))).ToArray();
        Each(all.Length, i => all[i].Page = all[i].Page.IsDeep ? trial.TryAgain(all[i].Page.Image!, levels) : all[i].Page);

        var images = all.Where(one => one.Page.Image is not null).ToArray();
        var classes = labels is null
            ? new ImageClasses([.. images.Select(image => image.Page.Image!.Folder)], areTyped: false)
            : new ImageClasses([.. images.Select(image => labels[image.File])], areTyped: true);
        var skipped = noFiles.Concat(notUnderstood).Concat(unmatched).Concat(all.Select(one => one.Page.Skipped).OfType<SkippedFile>());
        return new(
            [.. images.Select(image => image.Page.Image!)],
            [.. skipped.OrderBy(one => one.Path, StringComparer.Ordinal)],
            levels,
            trial.DeepImages(),
            classes,
            described);
    }

    private (IReadOnlyList<string?>? Labels, IReadOnlyList<SkippedFile> Skipped) Labels(
        IReadOnlyList<MetadataFile> metadata,
        IReadOnlyList<(string FullPath, string Path)> files) =>
        options.LabelField is null ? (null, []) : MetadataLabels.Read(folder, metadata, [.. files.Select(file => file.Path)], options);

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
