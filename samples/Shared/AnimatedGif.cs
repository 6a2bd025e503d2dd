using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Pictures one after another as an animated GIF, as these programs show them.</summary>
public static class AnimatedGif
{
    private const int LeastWidth = 480;
    private const int MostEnlarged = 3;

    private static readonly TimeSpan _delay = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan _pause = TimeSpan.FromSeconds(2.5);

    /// <summary>Writes an animation that plays for ever and rests on its last picture. Small pictures are enlarged, pixel by pixel.</summary>
    /// <param name="path">Where.</param>
    /// <param name="frames">The pictures, all of one size; at least one.</param>
    public static void Save(string path, IReadOnlyList<MLImage> frames)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ImageAnimation.SaveGif(
            path,
            frames,
            [.. frames.Skip(1).Select(_ => _delay), _pause],
            scale: Math.Clamp(LeastWidth / frames[0].Width, 1, MostEnlarged));
    }
}
