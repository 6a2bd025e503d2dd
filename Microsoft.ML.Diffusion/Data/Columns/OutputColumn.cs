using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>One column that a model adds.</summary>
internal abstract class OutputColumn(string name, DataViewType type, bool readsImage)
{
    public string Name => name;

    public DataViewType Type => type;

    /// <summary>Whether the column is computed from the input image, rather than generated from the row's seed.</summary>
    public bool ReadsImage => readsImage;

    /// <summary>Gives a getter of the current row, whose batch and place in it <paramref name="current"/> finds.</summary>
    public abstract Delegate Getter(Func<(RowBatch Batch, int Row)> current);

    /// <summary>The columns that a model adds, the generated images first.</summary>
    public static IReadOnlyList<OutputColumn> All(TransformerColumns columns, OutputTypes types)
    {
        var others = columns.Others;
        OutputColumn?[] all =
        [
            Image(columns.Output, types, readsImage: false, (batch, row) => batch.Generated[row]),
            Pixels(others.GeneratedPixels, types, columns.Pixels, readsImage: false, (batch, row) => batch.Generated[row]),
            Image(others.Reconstructed, types, readsImage: true, (batch, row) => batch.ReconstructedPixels[row]),
            Pixels(others.ReconstructedPixels, types, columns.Pixels, readsImage: true, (batch, row) => batch.ReconstructedPixels[row]),
            Vector(
                others.Latent,
                types.Latent,
                others.LatentKind == LatentKind.Noise ? (batch, row) => batch.Noise[row] : (batch, row) => batch.Bottleneck[row]),
            Number(others.BitsPerDimension, (batch, row) => batch.BitsPerDimension[row]),
            Number(others.ReconstructionError, (batch, row) => batch.ReconstructionError[row]),
        ];
        return [.. all.OfType<OutputColumn>()];
    }

    private static OutputColumn<MLImage>? Image(
        string? name,
        OutputTypes types,
        bool readsImage,
        Func<RowBatch, int, byte[]?> pixels) => name is null
        ? null
        : new(
            name,
            types.Image,
            readsImage,
            (RowBatch batch, int row, ref MLImage value) =>
                value = pixels(batch, row) is { } planes ? ImageMemory.HandOut(ImagePixels.Create(planes, batch.Shape)) : null!);

    private static OutputColumn<VBuffer<float>>? Pixels(
        string? name,
        OutputTypes types,
        PixelEncoding encoding,
        bool readsImage,
        Func<RowBatch, int, byte[]?> pixels) => name is null
        ? null
        : new(name, types.Pixels, readsImage, (RowBatch batch, int row, ref VBuffer<float> value) =>
        {
            var editor = VBufferEditor.Create(ref value, types.Pixels.Size);
            var planes = pixels(batch, row);
            for (var i = 0; i < types.Pixels.Size; i++)
            {
                editor.Values[i] = planes is null ? float.NaN : encoding.FromPixel(planes[i]);
            }

            value = editor.Commit();
        });

    private static OutputColumn<VBuffer<float>>? Vector(
        string? name,
        VectorDataViewType type,
        Func<RowBatch, int, float[]?> values) => name is null
        ? null
        : new(name, type, readsImage: true, (RowBatch batch, int row, ref VBuffer<float> value) =>
        {
            var editor = VBufferEditor.Create(ref value, type.Size);
            if (values(batch, row) is { } latent)
            {
                latent.CopyTo(editor.Values);
            }
            else
            {
                editor.Values.Fill(float.NaN);
            }

            value = editor.Commit();
        });

    private static OutputColumn<float>? Number(string? name, Func<RowBatch, int, float> number) => name is null
        ? null
        : new(name, NumberDataViewType.Single, readsImage: true, (RowBatch batch, int row, ref float value) => value = number(batch, row));
}

/// <inheritdoc/>
internal sealed class OutputColumn<TValue>(
    string name,
    DataViewType type,
    bool readsImage,
    RowValue<TValue> read) : OutputColumn(name, type, readsImage)
{
    public override Delegate Getter(Func<(RowBatch Batch, int Row)> current)
    {
        ValueGetter<TValue> getter = (ref TValue value) =>
        {
            var (batch, row) = current();
            read(batch, row, ref value);
        };
        return getter;
    }
}

/// <summary>Takes the value of a row of a batch.</summary>
internal delegate void RowValue<TValue>(RowBatch batch, int row, ref TValue value);

/// <summary>The types of the columns that a model adds.</summary>
internal sealed record OutputTypes(ImageDataViewType Image, VectorDataViewType Pixels, VectorDataViewType Latent)
{
    public static OutputTypes Of(ModelDescription model, LatentKind latent)
    {
        var pixels = new VectorDataViewType(NumberDataViewType.Single, model.Shape.Channels, model.Shape.Height, model.Shape.Width);
        return new OutputTypes(
            new ImageDataViewType(model.Shape.Height, model.Shape.Width),
            pixels,
            latent == LatentKind.Noise
                ? pixels
                : new VectorDataViewType(NumberDataViewType.Single, model.Network.BaseChannels * model.Network.ChannelMultipliers[^1]));
    }

    /// <summary>What can be promised before there is a model: not the dimensions of vectors, which a <see cref="SchemaShape"/> does not hold.</summary>
    public static OutputTypes Promised(ImageDataViewType image) =>
        new(image, new VectorDataViewType(NumberDataViewType.Single), new VectorDataViewType(NumberDataViewType.Single));
}
