using Microsoft.ML.Diffusion.Data.Formats;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Reads images of files and finishes them: 8 bits a channel, opaque, upright.</summary>
internal static class ImageReading
{
    /// <summary>Reads the first page of a file, by itself.</summary>
    /// <exception cref="InvalidDataException">It is no image, broken, or beyond a limit: the message is the reason.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid reading it.</exception>
    public static DecodedImage Read(string path, ImageFolderOptions options)
    {
        using var file = ImageBytes.Open(path, options.MaximumFileBytes);
        return Read(file, options);
    }

    /// <inheritdoc cref="Read(string, ImageFolderOptions)"/>
    public static DecodedImage Read(ImageBytes file, ImageFolderOptions options)
    {
        var pages = ImageDecoder.Pages(file);
        var stored = pages.Offsets is [var first, ..]
            ? ImageDecoder.Decode(file, first, options.MaximumPixels)
            : throw new InvalidDataException(pages.Reason);
        return Finish(stored, options, stored is DeepImage deep ? PixelLevels.Of(deep, options.PixelRange) : default);
    }

    /// <summary>Reads a page of a file of a folder.</summary>
    /// <inheritdoc cref="Read(string, ImageFolderOptions)" path="/exception"/>
    public static DecodedImage Read(string path, long page, ImageFolderOptions options, PixelLevels levels)
    {
        using var file = ImageBytes.Open(path, options.MaximumFileBytes);
        return Finish(ImageDecoder.Decode(file, page, options.MaximumPixels), options, levels);
    }

    /// <summary>Makes the image that is meant of one that is stored; it may take its array.</summary>
    public static DecodedImage Finish(StoredImage stored, ImageFolderOptions options, PixelLevels levels)
    {
        var image = stored as ByteImage ?? levels.Apply((DeepImage)stored);
        Opacity.PaintOver(options.Background, image.Pixels);
        return Orientation.Upright(new(image.Width, image.Height, image.Pixels), image.Orientation);
    }
}
