using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>How a model was trained, kept with it.</summary>
public sealed class TrainingSummary
{
    [JsonConstructor]
    internal TrainingSummary(
        int images,
        int steps,
        int batchSize,
        double finalLoss,
        int skippedSteps,
        double seconds,
        long seed,
        double? validationLoss = null,
        int? modelStep = null,
        TrainingEnd end = TrainingEnd.Budget)
    {
        Images = images;
        Steps = steps;
        BatchSize = batchSize;
        FinalLoss = finalLoss;
        SkippedSteps = skippedSteps;
        Seconds = seconds;
        Seed = seed;
        ValidationLoss = validationLoss;
        ModelStep = modelStep;
        End = end;
    }

    /// <summary>Gets the number of images that the model learned from.</summary>
    public int Images { get; }

    /// <summary>Gets the number of optimizer steps.</summary>
    public int Steps { get; }

    /// <summary>Gets the number of images of one step.</summary>
    public int BatchSize { get; }

    /// <summary>Gets the mean loss over the last reported steps; NaN if all of them were skipped.</summary>
    public double FinalLoss { get; }

    /// <summary>Gets the number of steps without effect, because their loss or gradient was not a finite number.</summary>
    public int SkippedSteps { get; }

    /// <summary>Gets the time that training took, in seconds.</summary>
    public double Seconds { get; }

    /// <summary>Gets the seed of the run.</summary>
    public long Seed { get; }

    /// <summary>Gets the loss of the model's weights on the validation images; <see langword="null"/> without such images.</summary>
    public double? ValidationLoss { get; }

    /// <summary>Gets the number of steps after which the model's weights were taken; <see langword="null"/> means at the end.</summary>
    public int? ModelStep { get; }

    /// <summary>Gets why training ended.</summary>
    public TrainingEnd End { get; }

    /// <summary>
    /// Gets the options of the run as a JSON object: the numbers, enumerations and switches of <see cref="TrainingOptions"/>, of its validation and
    /// its augmentation, under diffusers' kind of names.
    /// </summary>
    /// <value><see langword="null"/> for models that an earlier version trained.</value>
    [JsonInclude]
    [JsonConverter(typeof(JsonTextConverter))]
    public string? Options { get; internal init; }

    /// <summary>Gets what trained the model: this library, ML.NET, .NET and, on a graphics card, TorchSharp, each with its version.</summary>
    /// <value><see langword="null"/> for models that an earlier version trained.</value>
    [JsonInclude]
    public string? Versions { get; internal init; }

    /// <summary>
    /// Tells which rows <c>Fit</c> held out of those that it was given (<see cref="ValidationOptions.Share"/>), to judge the model by images that it has not
    /// learned from: they follow from the seed and the number of rows.
    /// </summary>
    /// <param name="numberOfRows">The number of the rows that the model was trained on, those held out among them.</param>
    /// <returns>Whether each row was held out: none if <c>Fit</c> was given other data to judge by, or none.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="numberOfRows"/> is below <see cref="Images"/>.</exception>
    public IReadOnlyList<bool> HeldOutRows(int numberOfRows)
    {
        Check.Require(
            numberOfRows >= Images,
            nameof(numberOfRows),
            numberOfRows,
            $"must be at least {Images}, because the model learned from that many rows. Give the number of the rows that Fit was given");
        return Runtime.HeldOutRows.First(numberOfRows, numberOfRows - Images, Seed);
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Steps} steps of {BatchSize} from {Images} images in {TimeText.Of(TimeSpan.FromSeconds(Seconds))}, loss {FinalLoss:F4}{(ValidationLoss is { } validation ? string.Create(CultureInfo.InvariantCulture, $", validation loss {validation:F4}{(ModelStep is { } step ? $" at step {step}" : "")}") : "")}, seed {Seed}{(SkippedSteps > 0 ? $", {SkippedSteps} steps skipped" : "")}");
}
