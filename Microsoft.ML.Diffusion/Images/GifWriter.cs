using Microsoft.ML.Data;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Gif;
using SixLabors.ImageSharp.Memory;
using SixLabors.ImageSharp.PixelFormats;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>Writes animations by ImageSharp's encoder, with palettes of our own.</summary>
internal static class GifWriter
{
    // Not ImageSharp's default, which belongs to the application; and without its pools, which would keep the memory of the largest animation.
    private static readonly Configuration _configuration = new() { MemoryAllocator = new SimpleGcMemoryAllocator() };

    private static readonly GifEncoder _encoder =
        new() { ColorTableMode = GifColorTableMode.Local, Quantizer = new ExactQuantizer() };

    /// <param name="stream">Where to.</param>
    /// <param name="frames">Images of one size, at least one.</param>
    /// <param name="delays">How long each is shown, in hundredths of a second.</param>
    /// <param name="loop">Whether it begins again at its end.</param>
    /// <param name="scale">How often each pixel is repeated, across and down.</param>
    public static void Write(Stream stream, IReadOnlyList<MLImage> frames, int[] delays, bool loop, int scale)
    {
        using var animation = new Image<Rgba32>(_configuration, scale * frames[0].Width, scale * frames[0].Height);
        animation.Metadata.GetGifMetadata().RepeatCount = (ushort)(loop ? 0 : 1); // 0 is for ever
        for (var i = 0; i < frames.Count; i++)
        {
            var frame = i == 0 ? animation.Frames.RootFrame : animation.Frames.CreateFrame();
            Fill(frame, frames[i], scale);
            frame.Metadata.GetGifMetadata().FrameDelay = delays[i];
        }

        animation.Save(stream, _encoder);
    }

    private static void Fill(ImageFrame<Rgba32> frame, MLImage image, int scale)
    {
        var (width, plane) = (image.Width, image.Width * image.Height);
        var planes = ImagePixels.ReadRgb(image);
        frame.ProcessPixelRows(rows =>
        {
            for (var y = 0; y < rows.Height; y++)
            {
                var row = rows.GetRowSpan(y);
                for (var x = 0; x < row.Length; x++)
                {
                    var pixel = (y / scale * width) + (x / scale);
                    row[x] = new Rgba32(planes[pixel], planes[plane + pixel], planes[(2 * plane) + pixel]);
                }
            }
        });
    }
}
