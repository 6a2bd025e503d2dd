using Microsoft.ML.Data;

namespace OptionsGallery;

/// <summary>What the gallery does with single grey pictures.</summary>
internal static class Picture
{
    /// <summary>A picture that stays when its row is gone.</summary>
    public static MLImage Copy(MLImage picture) =>
        MLImage.CreateFromPixels(picture.Width, picture.Height, picture.PixelFormat, picture.Pixels);

    /// <summary>Every pixel as four, so that browsers need not blur it.</summary>
    public static MLImage Doubled(MLImage picture)
    {
        var width = picture.Width;
        var pixels = picture.Pixels;
        var doubled = new byte[4 * pixels.Length];
        for (var i = 0; i < doubled.Length / 4; i++)
        {
            var (x, y) = (i % (2 * width) / 2, i / (2 * width) / 2);
            pixels.Slice(4 * ((y * width) + x), 4).CopyTo(doubled.AsSpan(4 * i));
        }

        return MLImage.CreateFromPixels(2 * width, 2 * picture.Height, picture.PixelFormat, doubled);
    }

    /// <summary>x_t = sqrt(alpha-bar_t) x_0 + sqrt(1 - alpha-bar_t) epsilon (Ho et al. 2020, eq. 4), what leaves the range of pictures cut off.</summary>
    public static MLImage Noised(MLImage picture, double alphaBar, int seed)
    {
        var (random, pixels) = (new Random(seed), picture.Pixels.ToArray());
        for (var i = 0; i < pixels.Length; i += 4)
        {
            var noise = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()); // Box and Muller
            var x = (Math.Sqrt(alphaBar) * ((pixels[i] / 127.5) - 1)) + (Math.Sqrt(1 - alphaBar) * noise);
            pixels.AsSpan(i, 3).Fill((byte)Math.Round(127.5 * (Math.Clamp(x, -1, 1) + 1)));
        }

        return MLImage.CreateFromPixels(picture.Width, picture.Height, picture.PixelFormat, pixels);
    }
}
