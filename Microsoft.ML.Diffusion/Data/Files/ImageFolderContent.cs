namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>What was found in a folder, both in ordinal order.</summary>
internal sealed record ImageFolderContent(IReadOnlyList<PictureFile> Pictures, IReadOnlyList<SkippedFile> Skipped)
{
    /// <summary>The one size of all rows.</summary>
    /// <exception cref="InvalidOperationException">There is no picture, or sizes differ and none was asked for.</exception>
    public (int Width, int Height) CommonSize(string folder, ImageFolderOptions options)
    {
        if (Pictures.Count == 0)
        {
            throw new InvalidOperationException(Skipped.Count == 0
                ? $"The folder '{folder}' holds no files, but there must be a picture."
                : $"The folder '{folder}' holds no picture that can be read. Skipped: {Skipped.Count}, the first '{Skipped[0].Path}', because {Skipped[0].Reason}.");
        }

        if (options is { Width: { } width, Height: { } height })
        {
            return (width, height);
        }

        var first = Pictures[0];
        var other = Pictures.FirstOrDefault(picture => (picture.Width, picture.Height) != (first.Width, first.Height));
        return other is null
            ? (first.Width, first.Height)
            : throw new InvalidOperationException($"Pictures must have one size where Width and Height are not set, but '{first.Path}' is {first.Width}x{first.Height} and '{other.Path}' is {other.Width}x{other.Height}. Set Width and Height.");
    }

    /// <summary>Counts what was found.</summary>
    public ImageFolderInfo Summarize()
    {
        var sizes = Pictures.CountBy(picture => (picture.Width, picture.Height)).OrderByDescending(size => size.Value).ThenBy(size => size.Key);
        var classes = Pictures.Select(picture => picture.Class).OfType<string>().CountBy(name => name).OrderBy(one => one.Key, StringComparer.Ordinal);
        return new ImageFolderInfo(
            Pictures.Count,
            Pictures.Count(picture => picture.IsGrey),
            [.. sizes.Select(size => new ImageSizeCount(size.Key.Width, size.Key.Height, size.Value))],
            [.. classes.Select(one => new ImageClassCount(one.Key, one.Value))],
            Skipped);
    }
}
