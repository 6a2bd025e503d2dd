using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Data;

/// <summary>Reads the images of a data view, and their classes, into a <see cref="TrainingSet"/>.</summary>
internal sealed class TrainingSetReader(IDataView data, DiffusionOptions options, DataViewSchema.Column input, DataViewSchema.Column? label)
{
    private readonly List<byte[]> _images = [];
    private readonly List<int> _labels = [];
    private bool _allGrey = true;
    private ImageShape? _shape;

    /// <exception cref="InvalidOperationException">There is no image, or one is unreadable, of another size, or has impossible pixels.</exception>
    public TrainingSet Read()
    {
        using var cursor = data.GetRowCursor(label is { } needed ? [input, needed] : [input]);
        var readImage = input.Type is ImageDataViewType ? ImageReader(cursor) : VectorReader(cursor);
        var readLabel = label is { } column ? ClassColumn.Reader(cursor, column) : null;
        while (cursor.MoveNext())
        {
            options.Training.CancellationToken.ThrowIfCancellationRequested();
            _images.Add(readImage(cursor.Position));
            if (readLabel is not null)
            {
                _labels.Add(readLabel());
            }
        }

        if (_shape is not { } shape)
        {
            throw new InvalidOperationException($"Column '{input.Name}' has no rows, but training needs at least one image.");
        }

        var channels = options.Channels ?? (_allGrey ? 1 : shape.Channels);
        return new TrainingSet(shape with { Channels = channels }, WithChannels(channels, shape), label is null ? null : _labels);
    }

    private Func<long, byte[]> ImageReader(DataViewRowCursor cursor)
    {
        var get = cursor.GetGetter<MLImage>(input);
        MLImage? image = null;
        return row =>
        {
            try
            {
                get(ref image!);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"Row {row}: the image in column '{input.Name}' could not be read ({e.Message}). Repair the file or remove the row.", e);
            }

            if (image is null)
            {
                throw new InvalidOperationException($"Row {row}: column '{input.Name}' has no image. Remove the row before the trainer.");
            }

            CheckSize(row, new ImageShape(3, image.Height, image.Width));
            var rgb = ImagePixels.ReadRgb(image);
            _allGrey &= ImagePixels.IsGrey(rgb);
            return rgb;
        };
    }

    private Func<long, byte[]> VectorReader(DataViewRowCursor cursor)
    {
        var dimensions = ((VectorDataViewType)input.Type).Dimensions;
        var shape = new ImageShape(dimensions[0], dimensions[1], dimensions[2]);
        var get = cursor.GetGetter<VBuffer<float>>(input);
        var buffer = default(VBuffer<float>);
        return row =>
        {
            get(ref buffer);
            CheckSize(row, shape);
            var pixels = PixelVector.ToBytes(buffer, options.Pixels, row, input.Name);
            _allGrey &= shape.Channels == 1 || ImagePixels.IsGrey(pixels);
            return pixels;
        };
    }

    private void CheckSize(long row, ImageShape shape)
    {
        if (_shape is null)
        {
            options.Network.ValidateFor(shape.Height, shape.Width);
        }

        _shape ??= shape;
        if (_shape.Value != shape)
        {
            throw new InvalidOperationException($"Row {row}: image is {shape.Width}x{shape.Height}, expected {_shape.Value.Width}x{_shape.Value.Height} as in the first row. Add ResizeImages before the trainer.");
        }
    }

    private List<byte[]> WithChannels(int channels, ImageShape read) => (read.Channels, channels) switch
    {
        (3, 1) => [.. _images.Select(image => ImagePixels.ToGrey(image))],
        (1, 3) => [.. _images.Select(image => (byte[])[.. image, .. image, .. image])],
        _ => _images,
    };
}
