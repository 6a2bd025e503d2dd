using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>Images one after another, as an animated GIF.</summary>
/// <remarks>
/// A frame of at most 256 colours keeps every one of them, so grey images are exact. In one of more, colours are brought to 256 that are chosen for this
/// frame by Wu's method (Wu 1991), without dithering. GIF knows no half-transparent pixels: alpha is composited over white.
/// </remarks>
public static class ImageAnimation
{
    private const int MaximumSide = ushort.MaxValue;
    private const int MaximumDelay = ushort.MaxValue; // hundredths of a second
    private const int DefaultDelay = 10;

    /// <summary>Writes an animation to a file, which appears whole or not at all.</summary>
    /// <param name="path">The file, in a folder that exists; one that is there is replaced.</param>
    /// <param name="frames">At least one image, all of one size; they stay the caller's.</param>
    /// <param name="delays">
    /// How long each frame is shown, from 0 to 655.35 s, rounded to hundredths of a second: a time for each frame, or one for all.
    /// <see langword="null"/> is 0.1 s. Browsers show a frame of less than 0.02 s for 0.1 s.
    /// </param>
    /// <param name="loop">Whether it begins again at its end, for ever, or rests on its last frame.</param>
    /// <param name="scale">
    /// How many pixels wide and high each pixel is shown, at least 1: small images are enlarged, not blurred. A side has at most 65,535 then.
    /// </param>
    /// <exception cref="ArgumentException">There is no frame, their sizes differ, one is disposed, or the number of delays is another.</exception>
    /// <exception cref="ArgumentNullException"><paramref name="frames"/> or one of them is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A delay or <paramref name="scale"/> is outside its range.</exception>
    /// <exception cref="IOException">The file cannot be written; one that was there is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it; a file that was there is unchanged.</exception>
    public static void SaveGif(
        string path,
        IReadOnlyList<MLImage> frames,
        IReadOnlyList<TimeSpan>? delays = null,
        bool loop = true,
        int scale = 1)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var hundredths = CheckedDelays(frames, delays, scale);
        AtomicFile.Write(path, file => GifWriter.Write(file, frames, hundredths, loop, scale));
    }

    /// <summary>Writes an animation to a stream, such as the answer of a web server.</summary>
    /// <param name="stream">Where to, from its position on; it need not seek, and stays open.</param>
    /// <param name="frames">At least one image, all of one size; they stay the caller's.</param>
    /// <param name="delays">
    /// How long each frame is shown, from 0 to 655.35 s, rounded to hundredths of a second: a time for each frame, or one for all.
    /// <see langword="null"/> is 0.1 s. Browsers show a frame of less than 0.02 s for 0.1 s.
    /// </param>
    /// <param name="loop">Whether it begins again at its end, for ever, or rests on its last frame.</param>
    /// <param name="scale">
    /// How many pixels wide and high each pixel is shown, at least 1: small images are enlarged, not blurred. A side has at most 65,535 then.
    /// </param>
    /// <exception cref="ArgumentException">There is no frame, their sizes differ, one is disposed, or the number of delays is another.</exception>
    /// <exception cref="ArgumentNullException">An argument or a frame is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A delay or <paramref name="scale"/> is outside its range.</exception>
    /// <exception cref="IOException">The stream cannot be written to.</exception>
    public static void SaveGif(
        Stream stream,
        IReadOnlyList<MLImage> frames,
        IReadOnlyList<TimeSpan>? delays = null,
        bool loop = true,
        int scale = 1)
    {
        ArgumentNullException.ThrowIfNull(stream);
        GifWriter.Write(stream, frames, CheckedDelays(frames, delays, scale), loop, scale);
    }

    private static int[] CheckedDelays(IReadOnlyList<MLImage> frames, IReadOnlyList<TimeSpan>? delays, int scale)
    {
        ArgumentNullException.ThrowIfNull(frames);
        if (frames.Count == 0)
        {
            throw new ArgumentException("frames must hold at least one image.", nameof(frames));
        }

        Check.Require(scale >= 1, nameof(scale), scale, "must be at least 1, because pixels are shown whole");
        var (width, height) = SizeOf(frames, 0);
        for (var i = 1; i < frames.Count; i++)
        {
            if (SizeOf(frames, i) is var size && size != (width, height))
            {
                throw new ArgumentException(
                    $"All frames must have the size of the first, {width}x{height}, but frame {i} is {size.Width}x{size.Height}. Resize them first.",
                    nameof(frames));
            }
        }

        Check.Require(
            Math.Max(width, height) <= MaximumSide / scale,
            nameof(scale),
            scale,
            $"must be at most {MaximumSide / Math.Max(width, height)}, because a GIF of {width}x{height} images has sides of at most {MaximumSide} pixels");
        return Hundredths(delays, frames.Count);
    }

    private static (int Width, int Height) SizeOf(IReadOnlyList<MLImage> frames, int index)
    {
        var frame = frames[index] ?? throw new ArgumentNullException($"{nameof(frames)}[{index}]");
        try
        {
            _ = frame.Pixels;
            return (frame.Width, frame.Height);
        }
        catch (InvalidOperationException disposed)
        {
            throw new ArgumentException(
                $"Frame {index} is disposed. Save the animation before its images are disposed.",
                nameof(frames),
                disposed);
        }
    }

    private static int[] Hundredths(IReadOnlyList<TimeSpan>? delays, int count)
    {
        if (delays is not null && delays.Count != 1 && delays.Count != count)
        {
            throw new ArgumentException(
                $"delays must hold one time for all frames or one for each of the {count}, but holds {delays.Count}.",
                nameof(delays));
        }

        var hundredths = new int[count];
        for (var i = 0; i < count; i++)
        {
            var delay = delays is null ? TimeSpan.FromMilliseconds(10 * DefaultDelay) : delays[delays.Count == 1 ? 0 : i];
            var rounded = Math.Round(delay.TotalSeconds * 100, MidpointRounding.AwayFromZero);
            Check.Require(
                rounded is >= 0 and <= MaximumDelay && delay >= TimeSpan.Zero,
                nameof(delays),
                delay,
                "must be from 0 to 655.35 s, because a GIF counts hundredths of a second in 16 bits");
            hundredths[i] = (int)rounded;
        }

        return hundredths;
    }
}
