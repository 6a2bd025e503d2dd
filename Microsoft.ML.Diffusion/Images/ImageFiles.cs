using System.Globalization;
using System.Runtime.ExceptionServices;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>Images to bytes, streams and folders, beside <see cref="MLImage.Save"/>, which writes a file.</summary>
public static class ImageFiles
{
    private const int DefaultQuality = 90;

    /// <summary>Encodes an image as a PNG file, such as for the answer of a web server.</summary>
    /// <param name="image">The image; it stays the caller's.</param>
    /// <returns>The bytes of the file.</returns>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    public static byte[] ToPng(this MLImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using var data = ImageEncoder.Encode(image, ImageFileFormat.Png, DefaultQuality);
        return data.ToArray();
    }

    /// <summary>Writes an image to a stream.</summary>
    /// <param name="image">The image; it stays the caller's.</param>
    /// <param name="stream">Where to, from its position on; it need not seek, and stays open.</param>
    /// <param name="format">What it is written as.</param>
    /// <param name="quality">From 1, the smallest file, to 100, the best image; for PNG it makes no difference, and WebP of 100 is the image itself.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="format"/> or <paramref name="quality"/> is outside its range.</exception>
    /// <exception cref="InvalidOperationException">The image is too large for the format.</exception>
    /// <exception cref="ObjectDisposedException">The image is disposed.</exception>
    public static void Save(
        this MLImage image,
        Stream stream,
        ImageFileFormat format = ImageFileFormat.Png,
        int quality = DefaultQuality)
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentNullException.ThrowIfNull(stream);
        ImageEncoder.Check(format, quality);
        using var data = ImageEncoder.Encode(image, format, quality);
        data.SaveTo(stream);
    }

    /// <summary>Writes images into a folder: 00000.png, 00001.png, and so on.</summary>
    /// <param name="images">
    /// The images, which stay the caller's. A list is encoded on all processors; of anything else, such as <c>GetColumn</c> of rows, each image is
    /// written before the next is asked for, so that memory does not grow with their number.
    /// </param>
    /// <param name="folder">The folder, which is made if it is not there.</param>
    /// <param name="format">What they are written as, which is also the end of their names.</param>
    /// <param name="quality">From 1, the smallest file, to 100, the best image; for PNG it makes no difference, and WebP of 100 is the image itself.</param>
    /// <param name="cancellationToken">Stops between two images; those that are written stay.</param>
    /// <returns>The paths of the files, in the order of the images: <paramref name="folder"/> with their names.</returns>
    /// <exception cref="ArgumentNullException">An argument or an image is <see langword="null"/>.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="format"/> or <paramref name="quality"/> is outside its range.</exception>
    /// <exception cref="InvalidOperationException">An image is too large for the format.</exception>
    /// <exception cref="IOException">A file cannot be written. Those before it are.</exception>
    /// <exception cref="ObjectDisposedException">An image is disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was cancelled.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it.</exception>
    /// <remarks>Files of these names are replaced, each at once and whole; all others stay, also those of a longer run before.</remarks>
    public static IReadOnlyList<string> SaveImages(
        this IEnumerable<MLImage> images,
        string folder,
        ImageFileFormat format = ImageFileFormat.Png,
        int quality = DefaultQuality,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ImageEncoder.Check(format, quality);
        Directory.CreateDirectory(folder);

        if (images is IReadOnlyList<MLImage> list)
        {
            var paths = Enumerable.Range(0, list.Count).Select(PathOf).ToArray();
            InParallel(list.Count, i => Write(list[i], paths[i], format, quality, $"{nameof(images)}[{i}]"), cancellationToken);
            return paths;
        }

        var written = new List<string>();
        foreach (var image in images)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Write(image, PathOf(written.Count), format, quality, $"{nameof(images)}[{written.Count}]");
            written.Add(PathOf(written.Count));
        }

        return written;

        string PathOf(int number) =>
            Path.Combine(folder, number.ToString("D5", CultureInfo.InvariantCulture) + ImageEncoder.Extension(format));
    }

    private static void InParallel(int count, Action<int> write, CancellationToken cancellationToken)
    {
        try
        {
            Parallel.For(0, count, new ParallelOptions { CancellationToken = cancellationToken }, write);
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
    }

    // Not AtomicFile, which waits for the disk and looks for leftovers at each: for thousands of files that takes minutes.
    private static void Write(MLImage image, string path, ImageFileFormat format, int quality, string name)
    {
        ArgumentNullException.ThrowIfNull(image, name);
        using var data = ImageEncoder.Encode(image, format, quality);
        var partial = Path.Combine(
            Path.GetDirectoryName(path)!,
            $".{Path.GetFileName(path)}.{Path.GetRandomFileName()}{AtomicFile.Suffix}");
        try
        {
            using (var file = new FileStream(partial, FileMode.CreateNew))
            {
                data.SaveTo(file);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch
        {
            File.Delete(partial);
            throw;
        }
    }
}
