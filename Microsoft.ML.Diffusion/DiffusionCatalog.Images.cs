using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Files;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

public sealed partial class DiffusionCatalog
{
    private const int WarnedFiles = 20;

    /// <summary>Loads the images in a folder and below it as rows, in the one size that they all have.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The rows, and the files that were skipped, each with the reason.</returns>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidOperationException">No file is an image that can be read, or sizes differ.</exception>
    public LoadedImages LoadImages(string folder) => LoadImages(folder, new ImageFolderOptions());

    /// <summary>Loads the images in a folder and below it as rows of square images: the middle of each.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="imageSize">Side length in pixels, 1 to 16,384; for training, a multiple of the network's downsampling factor.</param>
    /// <returns>The rows, and the files that were skipped, each with the reason.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="imageSize"/> is out of range.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="InvalidOperationException">No file is an image that can be read.</exception>
    public LoadedImages LoadImages(string folder, int imageSize) =>
        LoadImages(folder, new ImageFolderOptions { Width = imageSize, Height = imageSize });

    /// <summary>Loads the images in a folder and below it as rows.</summary>
    /// <param name="folder">The folder. Hidden files and folders in it are passed over; links are followed, each folder is read once.</param>
    /// <param name="options">Size and limits.</param>
    /// <returns>The rows, and the files that were skipped, each with the reason.</returns>
    /// <exception cref="ArgumentException">An option is outside its range, or only one of width and height is set.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FormatException">With <see cref="ImageFolderOptions.LabelField"/>, a metadata file cannot be understood; the message names the line.</exception>
    /// <exception cref="InvalidOperationException">
    /// No file is an image that can be read; or width and height are not set and sizes differ; or with <see cref="ImageFolderOptions.LabelField"/> no image has a
    /// class, there is no metadata file, or a folder has two.
    /// </exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    /// <remarks>
    /// <para>Columns: <c>Image</c> (<see cref="MLImage"/>, opaque, all of one size), <c>ImagePath</c> (text, the full path) and, where images lie in
    /// folders of the folder, <c>Label</c>: a key with the names of those folders, in ordinal order; missing for images beside the folders. With
    /// <see cref="ImageFolderOptions.LabelField"/> its names are those that metadata files give. Where a file has several pages, each is a row, and <c>Page</c> (Int32) its number from 1.</para>
    /// <para>Every file is decoded once here, deep images twice, on all processors, to find those that cannot be; and once more whenever its row is
    /// read. The content says what a file is, not its name. docs/images.md says what becomes of each kind: PNG, JPEG, WebP, GIF, BMP, TIFF, PBM, PGM, PPM
    /// and TGA are read, alpha is composited over <see cref="ImageFolderOptions.Background"/>, the orientation is applied, animations give their
    /// first frame, numbers of more than 8 bits are mapped by <see cref="ImageFolderOptions.PixelRange"/>.</para>
    /// <para>The log warns of skipped files, of images of one single colour, of deep images most of whose numbers share few levels, and of images
    /// at least half of which are eight times as large as asked for or larger. Where reading takes long it tells how far it is.</para>
    /// </remarks>
    public LoadedImages LoadImages(string folder, ImageFolderOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();

        using var channel = _host.Start(nameof(LoadImages));
        var content = Reader(folder, options, channel).Read();
        foreach (var file in content.Skipped.Take(WarnedFiles))
        {
            channel.Warning(MessageSensitivity.UserData, $"Skipped '{file.Path}': {file.Reason}.");
        }

        if (content.Skipped.Count > WarnedFiles)
        {
            channel.Warning(
                MessageSensitivity.None,
                $"Skipped {content.Skipped.Count - WarnedFiles} more files: LoadedImages.Skipped names all.");
        }

        var (width, height) = content.CommonSize(folder, options);
        content.CheckClasses(options);
        foreach (var warning in content.Warnings(options))
        {
            channel.Warning(MessageSensitivity.UserData, warning);
        }

        if (LostDetail.Warning(content.Images, options) is { } lost)
        {
            channel.Warning(MessageSensitivity.UserData, OptionMessages.ForLog(lost));
        }

        if (options.LabelField is null && content.Metadata is [var metadata, ..])
        {
            OptionText more =
                $"'{metadata.Path}' says more of the images: {NearestName.List(metadata.Fields)}. Set {new OptionName(nameof(ImageFolderOptions.LabelField))} to the one of these that is their class; without it, Label has the names of folders.";
            channel.Info(MessageSensitivity.UserData, OptionMessages.ForLog(more));
        }

        return new(new ImageFolderDataView(content.Images, content.Classes, options, content.Levels, width, height), content.Summarize());
    }

    /// <summary>
    /// Says what images are in a folder and below it: their number, sizes, colours and classes, the numbers of deep ones, and which files are none.
    /// </summary>
    /// <param name="folder">The folder. Hidden files and folders in it are passed over; links are followed, each folder is read once.</param>
    /// <param name="options">Limits; <see langword="null"/> uses the defaults. The size that images would get does not matter here.</param>
    /// <returns>What <see cref="LoadImages(string, ImageFolderOptions)"/> would find; a folder without an image is no error.</returns>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="OperationCanceledException">The options' token was cancelled.</exception>
    /// <remarks>Every file is decoded once, deep images twice, on all processors. Where that takes long the log tells how far it is.</remarks>
    public ImageFolderInfo InspectImages(string folder, ImageFolderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        options ??= new ImageFolderOptions();
        options.Validate();
        using var channel = _host.Start(nameof(InspectImages));
        return Reader(folder, options, channel).Read().Summarize();
    }

    /// <summary>
    /// Loads one image the way that <see cref="LoadImages(string, ImageFolderOptions)"/> loads those of a folder, such as one to interpolate from.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Size and limits; <see langword="null"/>, or no size in them, keeps the image's own size.</param>
    /// <returns>The image, opaque and upright, the caller's to dispose; of a file of several pages the first.</returns>
    /// <exception cref="ArgumentException">An option is outside its range, or only one of width and height is set.</exception>
    /// <exception cref="FormatException">The file is no image, damaged, or beyond a limit; the message says which.</exception>
    /// <exception cref="IOException">It is missing or cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid reading it.</exception>
    public MLImage LoadImage(string path, ImageFolderOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new ImageFolderOptions();
        options.Validate();
        using var channel = _host.Start(nameof(LoadImage));
        try
        {
            return ImageReading.Read(path, options).ToImage(options);
        }
        catch (InvalidDataException exception)
        {
            throw OptionMessages.Of(
                $"The image {path} cannot be used: {OptionMessages.TextOf(exception)}.",
                message => new FormatException(message, exception));
        }
    }

    private static ImageFolderReader Reader(string folder, ImageFolderOptions options, IChannel channel) =>
        new(folder, options, text => channel.Info(MessageSensitivity.UserData, text));
}
