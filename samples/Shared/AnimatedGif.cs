using ImageMagick;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Pictures one after another as an animated GIF.</summary>
public static class AnimatedGif
{
    private const uint Delay = 10; // hundredths of a second
    private const uint Pause = 250;
    private const int LeastWidth = 480;
    private const int MostEnlarged = 3;

    /// <summary>Writes an animation that plays for ever and rests on its last picture. Small pictures are enlarged, pixel by pixel.</summary>
    /// <param name="path">Where.</param>
    /// <param name="frames">The pictures, all of one size; at least one.</param>
    public static void Save(string path, IReadOnlyList<MLImage> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        using var animation = new MagickImageCollection();
        foreach (var frame in frames)
        {
            animation.Add(ToFrame(frame));
        }

        animation[0].AnimationIterations = 0; // for ever
        animation[^1].AnimationDelay = Pause;
        WholeFile.Write(path, partial => animation.Write(partial, MagickFormat.Gif));
    }

    private static MagickImage ToFrame(MLImage picture)
    {
        var mapping = picture.PixelFormat == MLPixelFormat.Bgra32 ? PixelMapping.BGRA : PixelMapping.RGBA;
        var frame =
            new MagickImage(
                picture.Pixels,
                new PixelReadSettings((uint)picture.Width, (uint)picture.Height, StorageType.Char, mapping))
            { AnimationDelay = Delay };
        var scale = (uint)Math.Clamp(LeastWidth / picture.Width, 1, MostEnlarged);
        frame.Sample(scale * frame.Width, scale * frame.Height); // whole pixels, not blurred
        return frame;
    }
}
