using System.Runtime.InteropServices;
using SkiaSharp;

namespace Microsoft.ML.Diffusion.Data.Formats;

/// <summary>PNG, JPEG, WebP, GIF and BMP by SkiaSharp, of which <see cref="Microsoft.ML.Data.MLImage"/> is made.</summary>
internal static class SkiaDecoder
{
    /// <summary>Decodes the first frame, with the values that are in the file, and without turning it.</summary>
    public static byte[] Decode(byte[] file, string format, int maximumPixels, out int width, out int height)
    {
        var pinned = GCHandle.Alloc(file, GCHandleType.Pinned);
        try
        {
            using var data = SKData.Create(pinned.AddrOfPinnedObject(), file.Length);
            using var codec = SKCodec.Create(data) ?? throw new InvalidDataException($"its {format} data are damaged or cut short");
            (width, height) = (codec.Info.Width, codec.Info.Height);
            Damage.CheckSize(width, height, maximumPixels, format);
            return Decode(codec, width, height, format);
        }
        finally
        {
            pinned.Free();
        }
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
                SKCodecResult.IncompleteInput => throw Damage.CutShort(format),
                SKCodecResult.ErrorInInput or SKCodecResult.InvalidInput => throw Damage.In(format),
                _ => throw new InvalidDataException($"its {format} data cannot be decoded ({result})"),
            };
        }
        finally
        {
            pinned.Free();
        }
    }
}
