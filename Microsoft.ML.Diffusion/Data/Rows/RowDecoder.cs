using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>A row's image as planes [C, H, W] of bytes, and its class, -1 for none.</summary>
internal readonly record struct DecodedRow(byte[] Pixels, ImageShape Shape, int Label);

/// <summary>Decodes the rows of a cursor.</summary>
internal sealed class RowDecoder(DiffusionOptions options, DataViewSchema.Column input, DataViewSchema.Column? label)
{
    /// <summary>What decodes the row that the cursor stands at.</summary>
    public Func<DecodedRow> Decoder(DataViewRowCursor cursor)
    {
        var readImage = input.Type is ImageDataViewType ? ImageReader(cursor) : VectorReader(cursor);
        var readLabel = label is { } column ? ClassColumn.Reader(cursor, column) : () => -1;
        return () =>
        {
            var (pixels, shape) = readImage(cursor.Position);
            return new DecodedRow(pixels, shape, readLabel());
        };
    }

    private Func<long, (byte[] Pixels, ImageShape Shape)> ImageReader(DataViewRowCursor cursor)
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

            return image is not null
                ? (ImagePixels.ReadRgb(image), new ImageShape(3, image.Height, image.Width))
                : throw new InvalidOperationException($"Row {row}: column '{input.Name}' has no image. Remove the row before the trainer.");
        };
    }

    private Func<long, (byte[] Pixels, ImageShape Shape)> VectorReader(DataViewRowCursor cursor)
    {
        var dimensions = ((VectorDataViewType)input.Type).Dimensions;
        var shape = new ImageShape(dimensions[0], dimensions[1], dimensions[2]);
        var get = cursor.GetGetter<VBuffer<float>>(input);
        var buffer = default(VBuffer<float>);
        return row =>
        {
            get(ref buffer);
            return (PixelVector.ToBytes(buffer, options.Pixels, row, input.Name), shape);
        };
    }
}
