using System.Drawing;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Makes images opaque.</summary>
internal static class Opacity
{
    /// <summary>Composites straight red, green, blue and alpha over a colour, in place.</summary>
    /// <remarks>An image whose alpha is 0 everywhere has none, as many programs write BMP files of 32 bits: its colours stay.</remarks>
    public static void PaintOver(Color background, byte[] pixels)
    {
        var hasAlpha = HasAlpha(pixels);
        var behind = (ReadOnlySpan<byte>)[background.R, background.G, background.B];
        for (var i = 0; i < pixels.Length; i += 4)
        {
            var alpha = pixels[i + 3];
            pixels[i + 3] = byte.MaxValue;
            for (var channel = 0; hasAlpha && alpha != byte.MaxValue && channel < 3; channel++)
            {
                pixels[i + channel] = (byte)(((pixels[i + channel] * alpha) + (behind[channel] * (255 - alpha)) + 127) / 255);
            }
        }
    }

    private static bool HasAlpha(byte[] pixels)
    {
        for (var i = 3; i < pixels.Length; i += 4)
        {
            if (pixels[i] != 0)
            {
                return true;
            }
        }

        return false;
    }
}
