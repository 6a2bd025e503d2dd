using Microsoft.ML.Diffusion.Data.Formats;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Decodes files in order to know what can be, of what size and colours it is, and which numbers deep images have. Several threads may use it.</summary>
internal sealed class ImageFileTrial(ImageFolderOptions options)
{
    private readonly Lock _lock = new();
    private readonly DeepStatistics _whole = new();
    private readonly DeepStatistics _float = new();

    /// <summary>Tries a file: one result for each page, and one for what cannot be read.</summary>
    public IReadOnlyList<TriedImage> Try(string fullPath, string path)
    {
        try
        {
            using var file = ImageBytes.Open(fullPath, options.MaximumFileBytes);
            var pages = ImageDecoder.Pages(file);
            List<TriedImage> tried = [];
            for (var i = 0; i < pages.Offsets.Count; i++)
            {
                options.CancellationToken.ThrowIfCancellationRequested();
                tried.Add(Try(file, new(fullPath, path, pages.Offsets.Count > 1 ? i + 1 : null, pages.Offsets[i], 0, 0, false, false)));
            }

            if (pages.Reason is { } reason)
            {
                tried.Add(new(Skipped: new(path, pages.Offsets.Count == 0 ? reason : FormattableString.Invariant($"after page {pages.Offsets.Count}, {reason}"))));
            }

            return tried;
        }
        catch (Exception exception) when (ProgramFault.IsOfFile(exception))
        {
            return [new(Skipped: new(path, SkippedFile.ReasonOf(exception, "the file")))];
        }
    }

    /// <summary>Tries a deep image once more, now that the numbers of all are known.</summary>
    public TriedImage TryAgain(ImageFile image, PixelLevels levels)
    {
        try
        {
            return new(Describe(image, ImageReading.Read(image.FullPath, image.PageOffset, options, levels)));
        }
        catch (Exception exception) when (ProgramFault.IsOfFile(exception))
        {
            return new(Skipped: Skip(image, exception));
        }
    }

    /// <summary>Which numbers become black and white, of all files that were tried.</summary>
    public PixelLevels Levels() => new(_whole.Range(options.PixelRange, isFloat: false), _float.Range(options.PixelRange, isFloat: true));

    public IReadOnlyList<DeepImageCount> DeepImages()
    {
        (DeepStatistics Statistics, bool IsFloat)[] both = [(_whole, false), (_float, true)];
        return [.. both.Where(one => one.Statistics.Images > 0).Select(one => one.Statistics.Summarize(options.PixelRange, one.IsFloat))];
    }

    private TriedImage Try(ImageBytes file, ImageFile image)
    {
        try
        {
            var stored = ImageDecoder.Decode(file, image.PageOffset, options.MaximumPixels);
            if (stored is not DeepImage deep)
            {
                return new(Describe(image, ImageReading.Finish(stored, options, default)));
            }

            var statistics = new DeepStatistics();
            statistics.Add(deep);
            lock (_lock)
            {
                (deep.IsFloat ? _float : _whole).Add(statistics);
            }

            return new(image, IsDeep: true);
        }
        catch (Exception exception) when (ProgramFault.IsOfFile(exception))
        {
            return new(Skipped: Skip(image, exception));
        }
    }

    private ImageFile Describe(ImageFile image, DecodedImage decoded) =>
        image with { Width = decoded.Width, Height = decoded.Height, IsGrey = decoded.IsGrey(), IsBlank = decoded.IsBlank(options) };

    private static SkippedFile Skip(ImageFile image, Exception exception)
    {
        var reason = SkippedFile.ReasonOf(exception, "the file");
        OptionText ofPage = $"page {image.Page}: {reason}";
        return new(image.Path, image.Page is null ? reason : ofPage);
    }
}

/// <summary>What a page of a file turned out to be.</summary>
/// <param name="Image">The image; null if there is none.</param>
/// <param name="Skipped">Why there is none.</param>
/// <param name="IsDeep">Whether it is to be tried again.</param>
internal sealed record TriedImage(ImageFile? Image = null, SkippedFile? Skipped = null, bool IsDeep = false);
