namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>What was found in a folder, both in ordinal order.</summary>
/// <param name="Images">The images.</param>
/// <param name="Skipped">The files of which no row is made.</param>
/// <param name="Levels">Which numbers of deep images become black and white.</param>
/// <param name="DeepImages">The deep images.</param>
internal sealed record ImageFolderContent(
    IReadOnlyList<ImageFile> Images,
    IReadOnlyList<SkippedFile> Skipped,
    PixelLevels Levels,
    IReadOnlyList<DeepImageCount> DeepImages)
{
    /// <summary>The one size of all rows.</summary>
    /// <exception cref="InvalidOperationException">There is no image, or sizes differ and none was asked for.</exception>
    public (int Width, int Height) CommonSize(string folder, ImageFolderOptions options)
    {
        if (Images.Count == 0)
        {
            throw Skipped.Count == 0
                ? new InvalidOperationException($"The folder '{folder}' holds no files, but there must be an image.")
                : OptionMessages.Of(
                    $"The folder '{folder}' holds no image that can be read. Skipped: {Skipped.Count}, the first '{Skipped[0].Path}', because {Skipped[0].ReasonText}.",
                    message => new InvalidOperationException(message));
        }

        if (options is { Width: { } width, Height: { } height })
        {
            return (width, height);
        }

        var first = Images[0];
        var other = Images.FirstOrDefault(image => (image.Width, image.Height) != (first.Width, first.Height));
        return other is null
            ? (first.Width, first.Height)
            : throw new InvalidOperationException(
                $"Images must have one size where Width and Height are not set, but '{first.Name}' is {first.Width}x{first.Height} and '{other.Name}' is {other.Width}x{other.Height}. Set Width and Height.");
    }

    /// <summary>What can be read and is yet hardly what was meant.</summary>
    public IEnumerable<string> Warnings()
    {
        var blank = Images.Where(image => image.IsBlank).ToList();
        if (blank.Count > 0)
        {
            yield return FormattableString.Invariant($"{blank.Count} of {Images.Count} images are of one single colour, the first '{blank[0].Name}': nothing can be learned of them. Transparent images become so over their own colour: set ImageFolderOptions.Background to another.");
        }

        foreach (var deep in DeepImages.Where(deep => deep.IsNarrow))
        {
            yield return $"Of {deep}: nearly all numbers become less than 32 of the 256 levels. Set ImageFolderOptions.PixelRange to PixelRange.Percentiles(), which leaves out the few that lie far away.";
        }
    }

    /// <summary>Counts what was found.</summary>
    public ImageFolderInfo Summarize()
    {
        var sizes = Images.CountBy(image => (image.Width, image.Height)).OrderByDescending(size => size.Value).ThenBy(size => size.Key);
        var classes =
            Images.Select(image => image.Class).OfType<string>().CountBy(name => name).OrderBy(one => one.Key, StringComparer.Ordinal);
        return new ImageFolderInfo(
            Images.Count,
            Images.Count(image => image.IsGrey),
            Images.Count(image => image.IsBlank),
            [.. sizes.Select(size => new ImageSizeCount(size.Key.Width, size.Key.Height, size.Value))],
            [.. classes.Select(one => new ImageClassCount(one.Key, one.Value))],
            DeepImages,
            Skipped);
    }
}
