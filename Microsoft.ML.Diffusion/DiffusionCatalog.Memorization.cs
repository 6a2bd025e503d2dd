using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Whether generated images are copies.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>
    /// Finds the training image nearest to each generated one, by features that any pipeline made of both, and tells whether more of them are near copies than
    /// chance explains.
    /// </summary>
    /// <param name="training">The images that the model learned from: all, because a copy may be of any. Read once and kept, at four bytes a feature.</param>
    /// <param name="generated">Generated images; kept as well.</param>
    /// <param name="heldOut">
    /// Images of the same kind that the model has not seen: how near to the training images new ones are. <see langword="null"/> takes the training images
    /// for it, each beside the others.
    /// </param>
    /// <param name="featureColumnName">The column of features in all: vectors of Single or Double of one known size, at most 8,192.</param>
    /// <param name="options">Neighbours, thresholds and more; <see langword="null"/> uses the defaults.</param>
    /// <returns>Each image's match, and the figures.</returns>
    /// <remarks>
    /// Equal training images count once, so those that are there twice do not hide their copies. Takes time in proportion to the training images times the
    /// generated ones and those of the baseline. Whether a generated image is a near copy does not depend on the other generated ones.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, of another type or too long, or an option is outside its range.</exception>
    /// <exception cref="InvalidOperationException">A set has too few rows, or a feature is not a finite number.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    /// <example>See <c>samples/Evaluation</c>.</example>
    public MemorizationMetrics EvaluateMemorization(
        IDataView training,
        IDataView generated,
        IDataView? heldOut = null,
        string featureColumnName = "Features",
        MemorizationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(training);
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentException.ThrowIfNullOrEmpty(featureColumnName);
        options ??= new MemorizationOptions();
        options.Validate();
        var (trainingColumn, features) = FeatureReader.Find(training.Schema, featureColumnName, nameof(training));
        var learned = new DistinctRows(
            FeatureReader.Read(training, trainingColumn, features, nameof(training), options.CancellationToken));
        var made = ReadRows(generated, nameof(generated), featureColumnName, trainingColumn, options);
        var unseen = heldOut is null ? null : ReadRows(heldOut, nameof(heldOut), featureColumnName, trainingColumn, options);
        var needed = unseen is null ? 3 : 2;
        if (learned.Rows.Count < needed || made.Count == 0)
        {
            throw new InvalidOperationException(
                made.Count == 0
                    ? "generated has no rows, but needs at least one image to judge."
                    : $"training has {learned.Rows.Count} distinct rows, but needs at least {needed}, because the nearest of an image is compared with the next one{(unseen is null ? ", and each training image with others" : "")}.");
        }

        var metrics = new Memorization(learned, options).Judge(made, unseen);
        using var channel = _host.Start(nameof(EvaluateMemorization));
        channel.Trace(MessageSensitivity.None, metrics.ToString());
        return metrics;
    }

    private static List<float[]> ReadRows(
        IDataView data,
        string parameter,
        string name,
        DataViewSchema.Column expected,
        MemorizationOptions options)
    {
        var (column, features) = FeatureReader.Find(data.Schema, name, parameter);
        var expectedFeatures = ((VectorDataViewType)expected.Type).Size;
        return features == expectedFeatures
            ? [.. FeatureReader.Read(data, column, features, parameter, options.CancellationToken).Select(row => (float[])row.Clone())]
            : throw ColumnErrors.OtherType(parameter, "feature", name, expected.Type.ToString()!, column.Type.ToString()!);
    }
}
