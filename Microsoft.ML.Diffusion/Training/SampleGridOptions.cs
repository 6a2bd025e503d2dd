using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>Images drawn during training with the averaged weights, always from the same noise, so that one sees them become what they will be.</summary>
/// <remarks>Generation does not disturb training: the model is the same with it and without.</remarks>
public sealed record SampleGridOptions
{
    private const int MaximumImages = 10_000;

    /// <summary>Gets the number of steps from one grid to the next.</summary>
    /// <value>At least 1. The default is 1,000. It does not count where <see cref="EveryFraction"/> is set.</value>
    public int EverySteps { get; init; } = 1000;

    /// <summary>
    /// Gets the share of the run's budget from one grid to the next, whatever the budget counts; the last is that of the end of the run. A resumed run goes on
    /// with those that are left.
    /// </summary>
    /// <value>(0, 1], such as 0.1 for ten grids; <see langword="null"/>, the default, goes by <see cref="EverySteps"/>.</value>
    public double? EveryFraction { get; init; }

    /// <summary>Gets the number of images.</summary>
    /// <value>1 to 10,000. The default is 16.</value>
    public int NumberOfImages { get; init; } = 16;

    /// <summary>Gets the number of images in a row.</summary>
    /// <value>At least 1; <see langword="null"/>, the default, makes the grid as good as square.</value>
    public int? Columns { get; init; }

    /// <summary>Gets the class of each image, or -1 for none; of a model with classes only.</summary>
    /// <value>As many as images; <see langword="null"/>, the default, goes through the classes in order, again and again.</value>
    public IReadOnlyList<int>? Labels
    {
        get;
        init => field = EquatableList.Of(value);
    }

    /// <summary>Gets the sampler, the seed, guidance and the size of batches.</summary>
    /// <value><see langword="null"/>, the default, is <see cref="DiffusionOptions.Generation"/>; without a seed, it is that of training.</value>
    public GenerationOptions? Generation { get; init; }

    /// <summary>Gets what is called with the number of steps done and the grid.</summary>
    /// <value>
    /// The call is made on the thread that trains, which waits for it; the image is disposed when it returns, so save or copy it. An exception ends training
    /// and reaches its caller.
    /// </value>
    public required Action<int, MLImage> Show { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal int ColumnsOrSquare => Columns ?? (int)Math.Ceiling(Math.Sqrt(NumberOfImages));

    internal void Validate()
    {
        Require(EverySteps >= 1, nameof(EverySteps), EverySteps, "must be at least 1");
        Require(
            EveryFraction is null or (> 0 and <= 1),
            nameof(EveryFraction),
            EveryFraction,
            "must be above 0 and at most 1, because it is a share of the budget; leave it null to go by EverySteps");
        Require(
            NumberOfImages is >= 1 and <= MaximumImages,
            nameof(NumberOfImages),
            NumberOfImages,
            $"must be from 1 to {MaximumImages}; leave SampleGrid null for no images");
        Require(Columns is null or >= 1, nameof(Columns), Columns, "must be at least 1; leave it null for a square");
        Require(
            Labels is null || Labels.Count == NumberOfImages,
            nameof(Labels),
            Labels?.Count,
            $"must hold one class for each of the {NumberOfImages} images");
        ArgumentNullException.ThrowIfNull(Show);
    }

    internal void ValidateFor(ModelDescription model)
    {
        Generation?.ValidateFor(model.Schedule, model.Variance);
        foreach (var label in Labels ?? [])
        {
            Require(label >= -1 && label < model.NumberOfClasses, nameof(Labels), label, model.NumberOfClasses == 0
                ? "must be null, because the model is trained without LabelColumnName"
                : $"must be from 0 to {model.NumberOfClasses - 1}, or -1 for none, because the model knows {model.NumberOfClasses} classes");
        }
    }

    private static void Require(bool holds, string name, object? value, string rule) =>
        Check.Require(holds, $"{nameof(TrainingOptions.SampleGrid)}.{name}", value, rule);
}
