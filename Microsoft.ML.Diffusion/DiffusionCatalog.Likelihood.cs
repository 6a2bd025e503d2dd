using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion;

/// <content>How likely images are.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>Bounds the negative log-likelihood of the images of a column under a model, in bits per dimension and its three parts (Ho et al. 2020, eq. 5).</summary>
    /// <param name="model">The model.</param>
    /// <param name="data">The images to judge, of the model's size, at least one; best such as training did not see. Read in a stream, a batch at a time.</param>
    /// <param name="imageColumnName">The column of <see cref="MLImage"/>.</param>
    /// <param name="labelColumnName">A key column with the class of each image, counted as in the model; <see langword="null"/> judges all without a class.</param>
    /// <param name="options">All timesteps or some, seed and more; <see langword="null"/> uses the defaults, which cost T network calls a batch.</param>
    /// <returns>The bound and its three parts.</returns>
    /// <remarks>The same figures as <see cref="DiffusionTransformer.EvaluateLikelihood"/> of the same images in memory.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type, or an option is outside its range.</exception>
    /// <exception cref="InvalidOperationException">There is no image, or one is missing, unreadable or of another size.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public LikelihoodMetrics EvaluateLikelihood(DiffusionTransformer model, IDataView data, string imageColumnName = "Image", string? labelColumnName = null, LikelihoodOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(imageColumnName);
        options ??= new LikelihoodOptions();
        if (options.Labels is { } labels)
        {
            throw new ArgumentOutOfRangeException(nameof(LikelihoodOptions.Labels), labels.Count, "Labels must be null for rows, whose classes are those of labelColumnName.");
        }

        options.ValidateFor(model.Schedule, model.Variance, 0);
        var image = data.Schema.GetColumnOrNull(imageColumnName) ?? throw _host.ExceptSchemaMismatch(nameof(data), "image", imageColumnName);
        if (image.Type is not ImageDataViewType)
        {
            throw _host.ExceptSchemaMismatch(nameof(data), "image", imageColumnName, "Image", image.Type.ToString()!);
        }

        var batchSize = options.BatchSize ?? new GenerationOptions().BatchSizeFor(model.Model);
        var numberOfImages = options.Progress is null ? 1 : CountRows(data);
        return model.EvaluateStream(Batches(model, data, image, LabelColumn(model, data.Schema, labelColumnName), batchSize), batchSize, numberOfImages, options);
    }

    private DataViewSchema.Column? LabelColumn(DiffusionTransformer model, DataViewSchema schema, string? name)
    {
        if (name is null)
        {
            return null;
        }

        var column = schema.GetColumnOrNull(name) ?? throw _host.ExceptSchemaMismatch("data", "label", name);
        return column.Type is KeyDataViewType key && key.Count == (ulong)model.ClassNames.Count
            ? column
            : throw _host.ExceptSchemaMismatch("data", "label", name, $"a key of {model.ClassNames.Count} values", column.Type.ToString()!);
    }

    private static IEnumerable<(IReadOnlyList<byte[]> Pixels, IReadOnlyList<int>? Labels)> Batches(
        DiffusionTransformer model, IDataView data, DataViewSchema.Column imageColumn, DataViewSchema.Column? labelColumn, int batchSize)
    {
        using var cursor = data.GetRowCursor(labelColumn is { } needed ? [imageColumn, needed] : [imageColumn]);
        var getImage = cursor.GetGetter<MLImage>(imageColumn);
        var readLabel = labelColumn is { } column ? ClassColumn.Reader(cursor, column) : null;
        var rows = ReadRows();
        var batches = rows.Chunk(batchSize).Select(batch => (
            (IReadOnlyList<byte[]>)[.. batch.Select(row => row.Pixels)],
            readLabel is null ? null : (IReadOnlyList<int>)[.. batch.Select(row => row.Label)]));
        var isEmpty = true;
        foreach (var batch in batches)
        {
            isEmpty = false;
            yield return batch;
        }

        if (isEmpty)
        {
            throw new InvalidOperationException($"Column '{imageColumn.Name}' has no rows, but needs at least one image to judge.");
        }

        IEnumerable<(byte[] Pixels, int Label)> ReadRows()
        {
            MLImage? image = null;
            while (cursor.MoveNext())
            {
                getImage(ref image!);
                yield return (PixelsOf(model, image, cursor.Position, imageColumn.Name), readLabel?.Invoke() ?? -1);
            }
        }
    }

    private static byte[] PixelsOf(DiffusionTransformer model, MLImage? image, long row, string columnName)
    {
        if (image is null)
        {
            throw new InvalidOperationException($"Row {row}: column '{columnName}' has no image. Remove the row.");
        }

        return (image.Width, image.Height) == (model.ImageWidth, model.ImageHeight)
            ? model.PixelsOf(image)
            : throw new InvalidOperationException($"Row {row}: image is {image.Width}x{image.Height}, but the model's images are {model.ImageWidth}x{model.ImageHeight}. Add ResizeImages before.");
    }

    private static long CountRows(IDataView data)
    {
        if (data.GetRowCount() is { } known)
        {
            return known;
        }

        using var cursor = data.GetRowCursor([]);
        var count = 0L;
        while (cursor.MoveNext())
        {
            count++;
        }

        return count;
    }
}
