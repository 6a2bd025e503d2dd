using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>How good generated images are.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>Compares generated images with real ones by features that any pipeline made of both: FID, KID, precision and recall.</summary>
    /// <param name="real">Real images, best such as training did not see; read once.</param>
    /// <param name="generated">Generated images; read once, in a stream.</param>
    /// <param name="featureColumnName">The column of features in both: vectors of Single or Double of one known size, at most 8,192.</param>
    /// <param name="options">Neighbours, rows to keep, seed and more; <see langword="null"/> uses the defaults.</param>
    /// <returns>The figures, and the counts on which they rest.</returns>
    /// <remarks>
    /// Means and covariances are summed in double while the rows pass by; of each set at most <see cref="EvaluationOptions.MaximumNumberOfKeptRows"/> rows
    /// are kept. Covariances of any rank are right, also those of fewer images than features.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing, of another type or too long, or an option is outside its range.</exception>
    /// <exception cref="InvalidOperationException">A set has too few rows, or a feature is not a finite number.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    /// <example>See <c>samples/Experiments</c>.</example>
    public GenerationMetrics Evaluate(
        IDataView real,
        IDataView generated,
        string featureColumnName = "Features",
        EvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(real);
        ArgumentNullException.ThrowIfNull(generated);
        ArgumentException.ThrowIfNullOrEmpty(featureColumnName);
        options ??= new EvaluationOptions();
        options.Validate();
        var (realColumn, features) = FeatureReader.Find(real.Schema, featureColumnName, nameof(real));
        var (generatedColumn, generatedFeatures) = FeatureReader.Find(generated.Schema, featureColumnName, nameof(generated));
        if (generatedFeatures != features)
        {
            throw ColumnErrors.OtherType(
                nameof(generated),
                "feature",
                featureColumnName,
                realColumn.Type.ToString()!,
                generatedColumn.Type.ToString()!);
        }

        var seed = Seeds.Resolve(_host, options.Seed);
        var realSet = ReadSet(real, realColumn, features, options, seed, isGenerated: false, nameof(real));
        var generatedSet = ReadSet(generated, generatedColumn, features, options, seed, isGenerated: true, nameof(generated));
        return Compare(realSet, generatedSet, options);
    }

    /// <inheritdoc/>
    public override string ToString() => "Image diffusion models: generate, evaluate, load and save them";

    private static FeatureSet ReadSet(
        IDataView data,
        DataViewSchema.Column column,
        int features,
        EvaluationOptions options,
        long seed,
        bool isGenerated,
        string parameter)
    {
        var set = new FeatureSet(features, options.MaximumNumberOfKeptRows, seed, isGenerated);
        set.AddRange(FeatureReader.Read(data, column, features, parameter, options.CancellationToken));
        return set.Moments.Count >= options.MinimumNumberOfRows
            ? set
            : throw new InvalidOperationException(
                $"{parameter} has {set.Moments.Count} rows, but needs at least {options.MinimumNumberOfRows}: four for the kernel distance's standard error, and {options.NumberOfNeighbours} neighbours of each row.");
    }

    private static GenerationMetrics Compare(FeatureSet real, FeatureSet generated, EvaluationOptions options)
    {
        var (kernelDistance, standardError) = KernelDistance.Of(real.Kept, generated.Kept);
        var (precision, recall) = Manifold.PrecisionAndRecall(real.Kept, generated.Kept, options.NumberOfNeighbours);
        return new GenerationMetrics
        {
            FrechetDistance = FrechetDistance.Between(real.Moments, generated.Moments),
            KernelDistance = kernelDistance,
            KernelDistanceStandardError = standardError,
            Precision = precision,
            Recall = recall,
            NumberOfRealRows = real.Moments.Count,
            NumberOfGeneratedRows = generated.Moments.Count,
            NumberOfKeptRealRows = real.Kept.Count,
            NumberOfKeptGeneratedRows = generated.Kept.Count,
            NumberOfFeatures = real.Moments.Mean.Length,
        };
    }
}
