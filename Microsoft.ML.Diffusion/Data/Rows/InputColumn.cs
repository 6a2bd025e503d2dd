using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>The images that a trained model is to look at: an image column, or the vectors that ExtractPixels makes of one.</summary>
internal static class InputColumn
{
    /// <summary>The column of that name, if its images can be those of a model.</summary>
    public static DataViewSchema.Column Find(IHost host, DataViewSchema schema, string name, ImageShape shape)
    {
        var column = schema.GetColumnOrNull(name) ?? throw host.ExceptSchemaMismatch("inputSchema", "input", name);
        var fits = column.Type switch
        {
            ImageDataViewType image => (image.Height, image.Width) == (shape.Height, shape.Width) || (image.Height, image.Width) == (0, 0),
            VectorDataViewType { Dimensions: [1 or 3, var height, var width] } vector => vector.ItemType == NumberDataViewType.Single && (height, width) == (shape.Height, shape.Width),
            _ => false,
        };
        return fits
            ? column
            : throw host.ExceptSchemaMismatch("inputSchema", "input", name, $"Image or Vector<Single> of {shape.Height}x{shape.Width} (height, width)", column.Type.ToString()!);
    }

    /// <summary>Reads the image of a row as the model's channels, [C, H, W] in 0..255; null if the row has none.</summary>
    public static Func<byte[]?> Reader(DataViewRow row, DataViewSchema.Column column, ImageShape shape, PixelEncoding pixels) =>
        column.Type is ImageDataViewType ? ImageReader(row, column, shape) : VectorReader(row, column, shape, pixels);

    private static Func<byte[]?> ImageReader(DataViewRow row, DataViewSchema.Column column, ImageShape shape)
    {
        var get = row.GetGetter<MLImage>(column);
        MLImage? image = null;
        return () =>
        {
            try
            {
                get(ref image!);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                throw new InvalidOperationException($"Row {row.Position}: the image in column '{column.Name}' could not be read ({e.Message}). Repair the file or remove the row.", e);
            }

            if (image is null)
            {
                return null;
            }

            return (image.Width, image.Height) == (shape.Width, shape.Height)
                ? WithChannels(ImagePixels.ReadRgb(image), shape)
                : throw new InvalidOperationException($"Row {row.Position}: image is {image.Width}x{image.Height}, but the model's images are {shape.Width}x{shape.Height}. Add ResizeImages before the model.");
        };
    }

    private static Func<byte[]?> VectorReader(DataViewRow row, DataViewSchema.Column column, ImageShape shape, PixelEncoding pixels)
    {
        var get = row.GetGetter<VBuffer<float>>(column);
        var vector = default(VBuffer<float>);
        return () =>
        {
            get(ref vector);
            return WithChannels(PixelVector.ToBytes(vector, pixels, row.Position, column.Name), shape);
        };
    }

    private static byte[] WithChannels(byte[] planes, ImageShape shape) => (planes.Length / (shape.Height * shape.Width), shape.Channels) switch
    {
        (3, 1) => ImagePixels.ToGrey(planes),
        (1, 3) => [.. planes, .. planes, .. planes],
        _ => planes,
    };
}
