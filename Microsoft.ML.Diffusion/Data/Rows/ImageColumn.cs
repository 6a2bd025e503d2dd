using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>The images of rows: a column of them, or the vectors [C, H, W] that ExtractPixels makes of one.</summary>
internal sealed class ImageColumn
{
    /// <summary>What messages say of the types.</summary>
    public const string ExpectedType = "Image or Vector<Single> with dimensions [channels, height, width]";

    private readonly PixelEncoding _pixels;

    public ImageColumn(DataViewSchema.Column column, PixelEncoding pixels) => (Column, _pixels) = (column, pixels);

    public DataViewSchema.Column Column { get; }

    /// <summary>The column of that name.</summary>
    /// <param name="schema">The schema of the rows.</param>
    /// <param name="name">The name of the column.</param>
    /// <param name="pixels">How vectors say pixels.</param>
    /// <param name="shape">The images of a model, whose size the column's must have as far as that is known; null for any size.</param>
    /// <param name="parameter">What the caller calls the rows or their schema.</param>
    /// <param name="role">What messages call the column.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is none, or it holds no images of that size.</exception>
    public static ImageColumn Find(
        DataViewSchema schema,
        string name,
        PixelEncoding pixels,
        ImageShape? shape,
        string parameter = "inputSchema",
        string role = "input")
    {
        var column = schema.GetColumnOrNull(name) ?? throw ColumnErrors.Missing(schema, parameter, role, name);
        var fits = column.Type switch
        {
            ImageDataViewType { Height: 0, Width: 0 } => true,
            ImageDataViewType image => Fits(image.Height, image.Width),
            VectorDataViewType { Dimensions: [1 or 3, > 0 and var height, > 0 and var width] } vector =>
                vector.ItemType == NumberDataViewType.Single && Fits(height, width),
            _ => false,
        };
        return fits
            ? new ImageColumn(column, pixels)
            : throw ColumnErrors.OtherType(
                parameter,
                role,
                name,
                shape is { } size ? $"Image or Vector<Single> of {size.Height}x{size.Width} (height, width)" : ExpectedType,
                column.Type.ToString()!,
                ColumnErrors.LoadFiles(name, column.Type));

        bool Fits(int height, int width) => shape is not { } wanted || (wanted.Height, wanted.Width) == (height, width);
    }

    /// <summary>What <see cref="CheckScale"/> is to know of the rows of one reader.</summary>
    public ValueRange NewRange() => new(_pixels);

    /// <summary>Reads the image of a row; null if it has none.</summary>
    /// <param name="row">The row.</param>
    /// <param name="seen">Is told the values of vectors; null for nobody.</param>
    /// <exception cref="InvalidOperationException">The image cannot be read; the message names the row.</exception>
    public Func<RowImage?> Reader(DataViewRow row, ValueRange? seen = null) =>
        Column.Type is ImageDataViewType ? ImageReader(row) : VectorReader(row, seen);

    /// <summary>Reads the image of a row as a model's channels, [C, H, W] in 0..255; null if the row has none.</summary>
    /// <exception cref="InvalidOperationException">The image cannot be read, or is of another size; the message names the row.</exception>
    public Func<byte[]?> Reader(DataViewRow row, ImageShape shape, ValueRange? seen = null)
    {
        var read = Reader(row, seen);
        return () => read() is not { } image ? null
            : (image.Shape.Width, image.Shape.Height) == (shape.Width, shape.Height) ? image.WithChannels(shape.Channels)
            : throw new InvalidOperationException(
                $"Row {row.Position}: image is {image.Shape.Width}x{image.Shape.Height}, but the model's images are {shape.Width}x{shape.Height}. Add ResizeImages before the model.");
    }

    /// <summary>Refuses vectors that are scaled otherwise than was said, as the values of all rows tell: call it when all are read.</summary>
    /// <param name="ranges">What the readers of all rows have seen.</param>
    /// <param name="isOfModel">Whether a model has said it, which cannot be told otherwise.</param>
    /// <exception cref="InvalidOperationException">They are; the message says what to set.</exception>
    public void CheckScale(IEnumerable<ValueRange> ranges, bool isOfModel)
    {
        var seen = NewRange();
        foreach (var range in ranges)
        {
            seen.Add(range);
        }

        if (seen.Contradiction() is { } found)
        {
            var (span, offset, scale) =
                found == PixelEncoding.ZeroToOne ? ("0 to 1", "0", "1 / 255f") : ("-1 to 1", "127.5f", "1 / 127.5f");
            throw new InvalidOperationException(string.Create(
                CultureInfo.InvariantCulture,
                $"All values of column '{Column.Name}' are {seen}, and not whole: pixels scaled to {span}, which PixelOffset {_pixels.Offset} and PixelScale {_pixels.Scale} take for {_pixels.FromPixel(0)} to {_pixels.FromPixel(255)}. {(isOfModel ? "Scale the column as that which the model was trained on." : $"Set PixelOffset to {offset} and PixelScale to {scale}.")}"));
        }
    }

    /// <summary>What to throw at a row without an image, where each must have one.</summary>
    public InvalidOperationException Missing(DataViewRow row) =>
        new($"Row {row.Position}: column '{Column.Name}' has no image. Remove the row.");

    /// <summary>Reads the image of a row as it is; it stays whosever it is. Null if the row has none.</summary>
    /// <exception cref="InvalidOperationException">The image cannot be read, or is disposed; the message names the row.</exception>
    public static Func<MLImage?> Getter(DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<MLImage>(column);
        MLImage? image = null;
        return () =>
        {
            try
            {
                get(ref image!);
            }
            catch (Exception e) when (e is not (OperationCanceledException or ObjectDisposedException) && !ProgramFault.Is(e))
            {
                throw DisposedImages.Explains(e) ? Disposed(e) : new InvalidOperationException(
                    $"Row {row.Position}: the image in column '{column.Name}' could not be read ({e.Message}). Repair the file or remove the row.",
                    e);
            }

            return image is not null && DisposedImages.Has(image) ? throw Disposed(null) : image;
        };

        InvalidOperationException Disposed(Exception? inner) => new(
            $"Row {row.Position}: the image in column '{column.Name}' is disposed. Make the images anew for each reading of the rows, such as by Select, or dispose them after the last; ResizeImages disposes those that have its size already.",
            inner);
    }

    private Func<RowImage?> ImageReader(DataViewRow row)
    {
        var read = Getter(row, Column);
        return () => read() is { } image ? new RowImage(ImagePixels.ReadRgb(image), new ImageShape(3, image.Height, image.Width)) : null;
    }

    private Func<RowImage?> VectorReader(DataViewRow row, ValueRange? seen)
    {
        var dimensions = ((VectorDataViewType)Column.Type).Dimensions;
        var shape = new ImageShape(dimensions[0], dimensions[1], dimensions[2]);
        var get = row.GetGetter<VBuffer<float>>(Column);
        var vector = default(VBuffer<float>);
        return () =>
        {
            get(ref vector);
            return new RowImage(PixelVector.ToBytes(vector, _pixels, seen, row.Position, Column.Name), shape);
        };
    }
}
