using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>Images of a model as rows, and their classes: generated in batches behind a cursor whose consumer asks for them.</summary>
/// <param name="model">The model.</param>
/// <param name="count">Number of rows.</param>
/// <param name="labels">The classes to generate in turn, -1 for none; null generates all without and has no column of them.</param>
/// <param name="options">How to generate; validated.</param>
/// <param name="seed">The seed of the run.</param>
/// <param name="columns">Names of the columns.</param>
internal sealed class GeneratedDataView(
    DiffusionModel model,
    int count,
    IReadOnlyList<int>? labels,
    GenerationOptions options,
    long seed,
    (string Image, string Label) columns)
    : IndexedDataView(SchemaOf(model.Description, labels is not null, columns), count, isParallel: false)
{
    protected override Delegate GetterOf(int column, IndexedCursor cursor)
    {
        if (column == 1)
        {
            return (ValueGetter<uint>)((ref uint key) => key = (uint)(LabelOf(cursor.Row) + 1));
        }

        var batch = new Rows(options.BatchSizeFor(model), Generate);
        return (ValueGetter<MLImage>)((ref MLImage image) =>
            image = ImageMemory.HandOut(ImagePixels.Create(batch.Image(cursor), model.Description.Shape)));
    }

    private static DataViewSchema SchemaOf(ModelDescription model, bool hasLabels, (string Image, string Label) columns)
    {
        var builder = new DataViewSchema.Builder();
        builder.AddColumn(columns.Image, new ImageDataViewType(model.Shape.Height, model.Shape.Width));
        if (hasLabels)
        {
            builder.AddColumn(
                columns.Label,
                new KeyDataViewType(typeof(uint), model.ClassNames.Count),
                ClassColumn.KeyValues(model.ClassNames));
        }

        return builder.ToSchema();
    }

    // By the image's number, so that rows of a part have the classes that they have among all.
    private int LabelOf(int row) => labels![(int)((options.FirstImage + row) % labels.Count)];

    private byte[][] Generate(ReadOnlySpan<int> rows)
    {
        using var share = model.Use();
        var samples = rows.ToArray();
        return new ImageGenerator(model, options, seed).Pixels(
            [.. samples.Select(row => options.FirstImage + row)],
            labels is null ? null : [.. samples.Select(LabelOf)]);
    }

    /// <summary>The images of the rows around a cursor's.</summary>
    private sealed class Rows(int size, Func<ReadOnlySpan<int>, byte[][]> generate)
    {
        private byte[][] _images = [];
        private int _first = -1;

        public byte[] Image(IndexedCursor cursor)
        {
            var first = cursor.Place - (cursor.Place % size);
            if (first != _first)
            {
                (_images, _first) = (generate(cursor.Rows(first, size)), first);
            }

            return _images[cursor.Place - first];
        }
    }
}
