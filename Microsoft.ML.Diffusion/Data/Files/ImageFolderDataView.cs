using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Rows of picture files, each decoded when its image is read.</summary>
internal sealed class ImageFolderDataView : IDataView
{
    private readonly IReadOnlyList<PictureFile> _pictures;
    private readonly ImageFolderOptions _options;
    private readonly uint[]? _labels;
    private readonly int _width;
    private readonly int _height;

    public ImageFolderDataView(IReadOnlyList<PictureFile> pictures, ImageFolderOptions options, int width, int height)
    {
        (_pictures, _options, _width, _height) = (pictures, options, width, height);
        var builder = new DataViewSchema.Builder();
        builder.AddColumn("Image", new ImageDataViewType(height, width));
        builder.AddColumn("ImagePath", TextDataViewType.Instance);
        string[] classes = [.. pictures.Select(picture => picture.Class).OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        if (classes.Length > 0)
        {
            var keys = classes.Index().ToDictionary(one => one.Item, one => (uint)one.Index + 1, StringComparer.Ordinal);
            _labels = [.. pictures.Select(picture => picture.Class is { } name ? keys[name] : 0)]; // 0, a missing key, beside the folders
            builder.AddColumn("Label", new KeyDataViewType(typeof(uint), classes.Length), KeyValues(classes));
        }

        Schema = builder.ToSchema();
    }

    public bool CanShuffle => true;

    public DataViewSchema Schema { get; }

    public long? GetRowCount() => _pictures.Count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var order = Enumerable.Range(0, _pictures.Count).ToArray();
        rand?.Shuffle(order);
        return new ImageFolderCursor(this, [.. columnsNeeded.Select(column => column.Index)], order);
    }

    // One cursor: rows would otherwise come in another order.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    public string PathOf(int row) => _pictures[row].FullPath;

    public uint LabelOf(int row) => _labels![row];

    /// <exception cref="InvalidOperationException">The file is not what it was when the folder was loaded.</exception>
    public MLImage ImageOf(int row)
    {
        try
        {
            var image = ImageDecoder.Decode(_pictures[row].FullPath, _options);
            if (_options.Width is null && (image.Width, image.Height) != (_width, _height))
            {
                throw new InvalidDataException($"it is {image.Width}x{image.Height} now, and was {_width}x{_height}");
            }

            return image.ToImage(_options);
        }
        catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"'{_pictures[row].Path}' has changed since LoadImages: {exception.Message}", exception);
        }
    }

    private static DataViewSchema.Annotations KeyValues(string[] classes)
    {
        ReadOnlyMemory<char>[] names = [.. classes.Select(name => name.AsMemory())];
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> get = (ref VBuffer<ReadOnlyMemory<char>> value) => value = new(names.Length, (ReadOnlyMemory<char>[])names.Clone());
        var annotations = new DataViewSchema.Annotations.Builder();
        annotations.Add("KeyValues", new VectorDataViewType(TextDataViewType.Instance, names.Length), get);
        return annotations.ToAnnotations();
    }
}
