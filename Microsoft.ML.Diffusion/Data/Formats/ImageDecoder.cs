namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>Decodes image files: recognized by how they begin, then checked by their header, and only then read.</summary>
internal static class ImageDecoder
{
    private static readonly ImagePages _one = new([0], null);

    /// <summary>Finds the pages of a file; those of other formats than TIFF have one, for which an animation counts too.</summary>
    /// <exception cref="InvalidDataException">It is no image: the message is the reason.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static ImagePages Pages(ImageBytes file) => ImageFormats.Recognize(file) == TiffDirectory.Format ? TiffPages.Find(file) : _one;

    /// <summary>Decodes a page.</summary>
    /// <param name="file">The file.</param>
    /// <param name="page">One of <see cref="ImagePages.Offsets"/>.</param>
    /// <param name="maximumPixels">The most pixels that the header may announce.</param>
    /// <exception cref="InvalidDataException">It is no image, broken, or beyond a limit: the message is the reason.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static StoredImage Decode(ImageBytes file, long page, int maximumPixels)
    {
        var format = ImageFormats.Recognize(file);
        try
        {
            return format switch
            {
                TiffDirectory.Format => TiffDecoder.Decode(file, page, maximumPixels),
                "PBM" or "PGM" or "PPM" => PnmDecoder.Decode(file, format, maximumPixels),
                ImageFormats.Tga => TgaDecoder.Decode(file, TgaHeader.Read(file)!, maximumPixels),
                _ => Decode(file.All(), format, maximumPixels),
            };
        }
        catch (Exception exception) when (Damage.Of(exception, format) is { } damage)
        {
            throw damage;
        }
    }

    private static StoredImage Decode(byte[] file, string format, int maximumPixels)
    {
        var orientation = format switch
        {
            ImageFormats.Jpeg => JpegSegments.Orientation(file),
            ImageFormats.Png => PngChunks.Orientation(file),
            ImageFormats.WebP => RiffChunks.Orientation(file),
            _ => ExifOrientation.Upright,
        };
        if (format == ImageFormats.Png && DeepPng.Is(file))
        {
            return DeepPng.Decode(file, orientation, maximumPixels);
        }

        var pixels = SkiaDecoder.Decode(file, format, maximumPixels, out var width, out var height);
        return new ByteImage(width, height, orientation, pixels);
    }
}
