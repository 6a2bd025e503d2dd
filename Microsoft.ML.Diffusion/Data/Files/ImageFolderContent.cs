using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>What was found in a folder, both in ordinal order.</summary>
/// <param name="Images">The images.</param>
/// <param name="Skipped">The files of which no row is made.</param>
/// <param name="Levels">Which numbers of deep images become black and white.</param>
/// <param name="DeepImages">The deep images.</param>
/// <param name="Classes">The classes of the images.</param>
/// <param name="Metadata">The metadata files that can be understood.</param>
internal sealed record ImageFolderContent(
    IReadOnlyList<ImageFile> Images,
    IReadOnlyList<SkippedFile> Skipped,
    PixelLevels Levels,
    IReadOnlyList<DeepImageCount> DeepImages,
    ImageClasses Classes,
    IReadOnlyList<ImageMetadataFile> Metadata)
{
    /// <summary>Checks that there are classes where a field was named that has them, and not too many.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are more than a model can have.</exception>
    /// <exception cref="InvalidOperationException">No image has a class.</exception>
    public void CheckClasses(ImageFolderOptions options)
    {
        if (options.LabelField is not { } field)
        {
            return;
        }

        Limits.CheckClassNames(Classes.Names, nameof(ImageFolderOptions.LabelField));
        if (Classes.Names.Count == 0 && Images.Count > 0)
        {
            throw OptionMessages.Of(
                $"{new OptionName(nameof(ImageFolderOptions.LabelField))} '{field}' gives no image a class: {Metadata[0].Path} has none in that field, or names other files.{(Skipped.Count == 0 ? "" : $" Skipped: {Skipped.Count}, the first '{Skipped[0].Path}', because {Skipped[0].ReasonText}.")}",
                message => new InvalidOperationException(message));
        }
    }

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
    public IEnumerable<string> Warnings(ImageFolderOptions options)
    {
        if (options.LabelField is { } field && Classes.Keys.Contains(0u))
        {
            var first = Images[Classes.Keys.Index().First(key => key.Item == 0).Index];
            yield return FormattableString.Invariant($"{Classes.Keys.Count(key => key == 0)} of {Images.Count} images have no class, the first '{first.Name}': no line of metadata gives it one in '{field}'. They are trained on without a class.");
        }

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
        return new ImageFolderInfo(
            Images.Count,
            Images.Count(image => image.IsGrey),
            Images.Count(image => image.IsBlank),
            [.. sizes.Select(size => new ImageSizeCount(size.Key.Width, size.Key.Height, size.Value))],
            Classes.Count(),
            DeepImages,
            Metadata,
            Skipped);
    }
}
