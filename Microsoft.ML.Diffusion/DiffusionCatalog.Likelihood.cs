using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>How likely images are.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>
    /// Bounds the negative log-likelihood of the images of a column under a model, in bits per dimension and its three parts (Ho et al. 2020, eq. 5).
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="data">The images to judge, of the model's size, at least one; best such as training did not see. Read in a stream, a batch at a time.</param>
    /// <param name="imageColumnName">The column of <see cref="MLImage"/>, or of vectors [C, H, W] scaled as those that the model was trained on.</param>
    /// <param name="labelColumnName">A key column with the class of each image, counted as in the model; <see langword="null"/> judges all without a class.</param>
    /// <param name="options">All timesteps or some, seed and more; <see langword="null"/> uses the defaults, which cost T network calls a batch.</param>
    /// <returns>The bound and its three parts.</returns>
    /// <remarks>The same figures as <see cref="DiffusionTransformer.EvaluateLikelihood"/> of the same images in memory.</remarks>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type, or an option is outside its range.</exception>
    /// <exception cref="InvalidOperationException">There is no image, or one is missing, unreadable or of another size.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public LikelihoodMetrics EvaluateLikelihood(
        DiffusionTransformer model,
        IDataView data,
        string imageColumnName = "Image",
        string? labelColumnName = null,
        LikelihoodOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(imageColumnName);
        options ??= new LikelihoodOptions();
        if (options.Labels is { } labels)
        {
            throw new ArgumentOutOfRangeException(
                nameof(LikelihoodOptions.Labels),
                labels.Count,
                "Labels must be null for rows, whose classes are those of labelColumnName.");
        }

        options.ValidateFor(model.Schedule, model.Variance, 0);
        var image =
            ImageColumn.Find(
                data.Schema,
                imageColumnName,
                model.Trained.Columns.Pixels,
                model.Description.Shape,
                nameof(data),
                "image");
        var label = ClassColumn.Find(data.Schema, labelColumnName, model.ClassNames.Count, nameof(data), isNeeded: true);
        using var share = model.Use();
        var batchSize = options.BatchSize ?? new GenerationOptions().BatchSizeFor(model.Model);
        var numberOfImages = options.Progress is null ? 1 : CountRows(data);
        var batches = Batches(data, image, label, model.Description.Shape, batchSize);
        return new LikelihoodEvaluator(
            model.Model,
            options,
            Seeds.Resolve(_host, options.Seed),
            batchSize).Evaluate(batches, numberOfImages);
    }

    private static IEnumerable<(IReadOnlyList<byte[]> Pixels, IReadOnlyList<int>? Labels)> Batches(
        IDataView data,
        ImageColumn image,
        DataViewSchema.Column? label,
        ImageShape shape,
        int batchSize)
    {
        using var cursor = data.GetRowCursor(label is { } needed ? [image.Column, needed] : [image.Column]);
        var seen = image.NewRange();
        var readPixels = image.Reader(cursor, shape, seen);
        var readLabel = label is { } column ? ClassColumn.Reader(cursor, column) : null;
        var isEmpty = true;
        foreach (var batch in Rows().Chunk(batchSize))
        {
            isEmpty = false;
            yield return ([.. batch.Select(row => row.Pixels)], readLabel is null ? null : [.. batch.Select(row => row.Label)]);
        }

        image.CheckScale([seen], isOfModel: true);
        if (isEmpty)
        {
            throw new InvalidOperationException($"Column '{image.Column.Name}' has no rows, but needs at least one image to judge.");
        }

        IEnumerable<(byte[] Pixels, int Label)> Rows()
        {
            while (cursor.MoveNext())
            {
                yield return (readPixels() ?? throw image.Missing(cursor), readLabel?.Invoke() ?? -1);
            }
        }
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
