using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Runtime;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Decodes image files by SkiaSharp, of which <see cref="Microsoft.ML.Data.MLImage"/> is made, within limits.</summary>
internal static class ImageDecoder
{
    /// <summary>Decodes a file: upright, opaque over white, the first frame of an animation.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">The limits.</param>
    /// <exception cref="InvalidDataException">It is no image, broken, or beyond a limit: the message is the reason.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid reading it.</exception>
    public static DecodedImage Decode(string path, ImageFolderOptions options)
    {
        using var data = Read(path, options.MaximumFileBytes);
        var format = ImageFormats.Recognize(data.AsSpan()[..(int)Math.Min(data.Size, ImageFormats.SignatureBytes)]);
        using var codec = SKCodec.Create(data) ?? throw new InvalidDataException($"its {format} data are damaged or cut short");

        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > options.MaximumPixels)
        {
            throw OptionMessages.Of(
                $"it has {width}x{height} pixels, more than {new OptionName(nameof(options.MaximumPixels))} ({options.MaximumPixels})",
                message => new InvalidDataException(message));
        }

        var pixels = Decode(codec, width, height, format);
        PaintOverWhite(pixels);
        return Orientation.Upright(new(width, height, pixels), codec.EncodedOrigin);
    }

    // The length is asked for before the file is opened: pipes and devices have none, and opening a pipe could wait for ever.
    private static SKData Read(string path, int maximumBytes)
    {
        var file = new FileInfo(path);
        var length = ((FileInfo?)file.ResolveLinkTarget(returnFinalTarget: true) ?? file).Length;
        if (length == 0)
        {
            throw new InvalidDataException("the file is empty");
        }

        if (length > maximumBytes)
        {
            throw OptionMessages.Of(
                $"the file has {length} bytes, more than {new OptionName(nameof(ImageFolderOptions.MaximumFileBytes))} ({maximumBytes})",
                message => new InvalidDataException(message));
        }

        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        return SKData.Create(stream, (int)length) ?? throw new InvalidDataException("the file became shorter while it was read");
    }

    // No colour space is asked for: values are those of the file, whatever its profile, as ML.NET and Python's data loaders have them.
    private static byte[] Decode(SKCodec codec, int width, int height, string format)
    {
        var pixels = new byte[4 * width * height];
        var pinned = GCHandle.Alloc(pixels, GCHandleType.Pinned);
        try
        {
            var result =
                codec.GetPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul), pinned.AddrOfPinnedObject());
            return result switch
            {
                SKCodecResult.Success => pixels,
                SKCodecResult.IncompleteInput => throw new InvalidDataException($"its {format} data are cut short"),
                SKCodecResult.ErrorInInput or SKCodecResult.InvalidInput =>
                    throw new InvalidDataException($"its {format} data are damaged"),
                _ => throw new InvalidDataException($"its {format} data cannot be decoded ({result})"),
            };
        }
        finally
        {
            pinned.Free();
        }
    }

    private static void PaintOverWhite(byte[] pixels)
    {
        for (var i = 0; i < pixels.Length; i += 4)
        {
            var alpha = pixels[i + 3];
            if (alpha == byte.MaxValue)
            {
                continue;
            }

            for (var channel = i; channel < i + 3; channel++)
            {
                pixels[channel] = (byte)(((pixels[channel] * alpha) + (255 * (255 - alpha)) + 127) / 255);
            }

            pixels[i + 3] = byte.MaxValue;
        }
    }
}
