using Microsoft.AspNetCore.Http;
using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground.Editing;

/// <summary>Images that a page sends: files of anybody, read by the library's own decoders within limits, as those of a folder are.</summary>
internal static class ReceivedImage
{
    private const int MostPixels = 4096 * 4096;

    private static readonly MLContext _context = new();

    /// <summary>Reads a file in the size of a model: the middle of it, grey if the model is.</summary>
    /// <param name="bytes">The file.</param>
    /// <param name="model">The model.</param>
    /// <returns>The image, the caller's to dispose.</returns>
    /// <exception cref="ProblemException">It is no image, damaged, or too large.</exception>
    public static MLImage Read(byte[] bytes, DiffusionTransformer model)
    {
        var path = Path.Combine(Path.GetTempPath(), $"diffusion-{Path.GetRandomFileName()}"); // decoders read files, parts of them at a time
        try
        {
            using (var file = new FileStream(path, Private))
            {
                file.Write(bytes);
            }

            return _context.Diffusion.LoadImage(path, new ImageFolderOptions
            {
                Width = model.ImageWidth,
                Height = model.ImageHeight,
                Grayscale = model.Channels == 1,
                MaximumPixels = MostPixels,
                MaximumFileBytes = PlaygroundServer.MostBytes,
            });
        }
        catch (FormatException exception)
        {
            throw new ProblemException(
                StatusCodes.Status400BadRequest,
                exception.Message.Replace($"The image {path}", "The image", StringComparison.Ordinal));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static FileStreamOptions Private => new()
    {
        Mode = FileMode.CreateNew,
        Access = FileAccess.Write,
        UnixCreateMode = OperatingSystem.IsWindows() ? null : UnixFileMode.UserRead | UnixFileMode.UserWrite,
    };
}
