using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Tells of images that are scaled down so far that what was meant may be gone.</summary>
internal static class LostDetail
{
    /// <summary>How many times as large as asked for images are that are told of: below it most of what is seen stays.</summary>
    private const double Factor = 8;

    /// <summary>The warning; null if at least half of the images stay below the factor, or no size was asked for.</summary>
    /// <param name="images">The images of a folder.</param>
    /// <param name="options">The size that they get.</param>
    public static OptionText? Warning(IReadOnlyList<ImageFile> images, ImageFolderOptions options)
    {
        if (options is not { Width: { } width, Height: { } height } || images.Count == 0)
        {
            return null;
        }

        double Scale(ImageFile image) => Math.Min((double)image.Width / width, (double)image.Height / height);
        var middle = images.OrderBy(Scale).ElementAt((images.Count - 1) / 2); // as many are scaled more as are scaled less
        var scale = Scale(middle);
        if (scale < Factor)
        {
            return null;
        }

        return $"The images are much larger than the {width}x{height} asked for, such as '{middle.Name}' with {middle.Width}x{middle.Height}: a thing of {Math.Floor(scale)} pixels becomes one. Crop them to what matters before, or raise {new OptionName("Width and Height")}; twice the size takes about four times the time.";
    }
}
