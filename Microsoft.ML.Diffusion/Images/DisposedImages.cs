using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>Tells images that somebody has disposed, for which <see cref="MLImage"/> has no property.</summary>
internal static class DisposedImages
{
    // What any part of one that is used says.
    private static readonly Lazy<string> _message = new(() =>
    {
        var image = MLImage.CreateFromPixels(1, 1, MLPixelFormat.Rgba32, new byte[4]);
        image.Dispose();
        return ErrorOf(image)!.Message;
    });

    /// <summary>Whether an image is disposed.</summary>
    public static bool Has(MLImage image) => ErrorOf(image) is not null;

    /// <summary>Whether an error is that of somebody who has used a disposed image.</summary>
    public static bool Explains(Exception? error) =>
        error is not null && (error.Message == _message.Value || Explains(error.InnerException));

    /// <summary>Checks an image that a caller gave.</summary>
    /// <param name="image">The image.</param>
    /// <param name="name">What messages call it.</param>
    /// <param name="parameter">The caller's parameter.</param>
    /// <exception cref="ArgumentException">It is disposed.</exception>
    public static void Refuse(MLImage image, string name, string parameter)
    {
        if (Has(image))
        {
            throw new ArgumentException($"{name} is disposed. Dispose it after the call.", parameter);
        }
    }

    private static InvalidOperationException? ErrorOf(MLImage image)
    {
        try
        {
            _ = image.Width;
            return null;
        }
        catch (InvalidOperationException error)
        {
            return error;
        }
    }
}
