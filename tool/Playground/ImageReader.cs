using Microsoft.AspNetCore.Http;
using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground;

/// <summary>Images that pages send.</summary>
internal sealed class ImageReader(MLContext context)
{
    private const int MostPixels = 64 << 20;

    /// <summary>Reads an image file of any format that the library knows, and brings its middle to the size of a model.</summary>
    /// <param name="bytes">The file, by anybody.</param>
    /// <param name="model">The model.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The image, the caller's to dispose.</returns>
    /// <exception cref="ProblemException">It is no image that can be read.</exception>
    public MLImage Read(byte[] bytes, DiffusionTransformer model, CancellationToken cancellationToken)
    {
        var file = Path.Combine(Path.GetTempPath(), $"diffusion-{Guid.NewGuid():N}");
        try
        {
            File.WriteAllBytes(file, bytes);
            return context.Diffusion.LoadImage(file, new ImageFolderOptions
            {
                Width = model.ImageWidth,
                Height = model.ImageHeight,
                Grayscale = model.Channels == 1,
                MaximumPixels = MostPixels,
                CancellationToken = cancellationToken,
            });
        }
        catch (Exception error) when (error is FormatException or InvalidDataException or NotSupportedException)
        {
            // The library names the file, which the page does not know by this name.
            throw new ProblemException(StatusCodes.Status400BadRequest, error.Message.Replace(file, "that was sent", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
