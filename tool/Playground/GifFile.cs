using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground;

/// <summary>Images one after another, for a page to keep.</summary>
internal static class GifFile
{
    private const int LeastWidth = 240;
    private const int MostEnlarged = 8;

    /// <summary>Makes an animation that plays for ever and rests on its last frame. Small images are enlarged, pixel by pixel.</summary>
    /// <param name="frames">The images, which are disposed.</param>
    /// <param name="delay">How long each is shown, in seconds.</param>
    /// <param name="rest">How long the last is shown, in seconds.</param>
    public static byte[] Take(IReadOnlyList<MLImage> frames, double delay, double rest)
    {
        using var file = new MemoryStream();
        ImageAnimation.SaveGif(
            file,
            frames,
            [.. frames.Skip(1).Select(_ => TimeSpan.FromSeconds(delay)), TimeSpan.FromSeconds(rest)],
            scale: Math.Clamp(LeastWidth / frames[0].Width, 1, MostEnlarged));
        foreach (var frame in frames)
        {
            frame.Dispose();
        }

        return file.ToArray();
    }
}
