using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Rows of image files, each decoded when its image is read. A row's id is its place in the folder, whatever the order.</summary>
/// <param name="images">The files.</param>
/// <param name="classes">Their classes.</param>
/// <param name="options">How they are decoded.</param>
/// <param name="levels">Which numbers of deep images become black and white.</param>
/// <param name="width">The width of all, in pixels.</param>
/// <param name="height">The height of all, in pixels.</param>
internal sealed class ImageFolderDataView(
    IReadOnlyList<ImageFile> images,
    ImageClasses classes,
    ImageFolderOptions options,
    PixelLevels levels,
    int width,
    int height)
    : IndexedDataView(SchemaOf(images, classes, width, height), images.Count, isParallel: true)
{
    private const string ImageColumn = "Image";
    private const string PathColumn = "ImagePath";
    private const string PageColumn = "Page";

    protected override Delegate GetterOf(int column, IndexedCursor cursor) => Schema[column].Name switch
    {
        ImageColumn => (ValueGetter<MLImage>)((ref MLImage image) =>
        {
            image?.Dispose(); // as ML.NET's own LoadImages does it: the image of the row before makes room for this one
            image = null!;
            image = ImageOf(cursor.Row);
        }),
        PathColumn => (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> path) => path = images[cursor.Row].FullPath.AsMemory()),
        PageColumn => (ValueGetter<int>)((ref int page) => page = images[cursor.Row].Page ?? 1),
        _ => (ValueGetter<uint>)((ref uint label) => label = classes.Keys[cursor.Row]),
    };

    private static DataViewSchema SchemaOf(IReadOnlyList<ImageFile> images, ImageClasses classes, int width, int height)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn(ImageColumn, new ImageDataViewType(height, width));
        builder.AddColumn(PathColumn, TextDataViewType.Instance);
        if (classes.Names.Count > 0)
        {
            builder.AddColumn("Label", new KeyDataViewType(typeof(uint), classes.Names.Count), ClassColumn.KeyValues(classes.Names));
        }

        if (images.Any(image => image.Page is not null))
        {
            builder.AddColumn(PageColumn, NumberDataViewType.Int32);
        }

        return builder.ToSchema();
    }

    /// <exception cref="InvalidOperationException">The file is not what it was when the folder was loaded.</exception>
    private MLImage ImageOf(int row)
    {
        try
        {
            var image = ImageReading.Read(images[row].FullPath, images[row].PageOffset, options, levels);
            if (options.Width is null && (image.Width, image.Height) != (width, height))
            {
                throw new InvalidDataException($"it is {image.Width}x{image.Height} now, and was {width}x{height}");
            }

            return image.ToImage(options);
        }
        catch (Exception exception) when (ProgramFault.IsOfFile(exception))
        {
            var isChanged = exception is InvalidDataException or FileNotFoundException or DirectoryNotFoundException;
            throw new InvalidOperationException(
                $"'{images[row].Name}' {(isChanged ? "has changed since LoadImages" : "can no longer be read")}: {exception.Message}",
                exception);
        }
    }
}
