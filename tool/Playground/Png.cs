using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground;

/// <summary>Images on their way to a page.</summary>
internal static class Png
{
    /// <summary>The PNG file of each in base 64, of images that are not needed any more.</summary>
    public static string[] Take(MLImage[] images) => Array.ConvertAll(images, image =>
    {
        using (image)
        {
            return Convert.ToBase64String(image.ToPng());
        }
    });
}
