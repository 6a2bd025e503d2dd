using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>How a model was trained, kept with it.</summary>
/// <param name="Images">Number of images that it learned from.</param>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="BatchSize">Images of one step.</param>
/// <param name="FinalLoss">Mean loss over the last reported steps; NaN if all of them were skipped.</param>
/// <param name="SkippedSteps">Steps without effect, because their loss or gradient was not a finite number.</param>
/// <param name="Seconds">Time that training took.</param>
/// <param name="Seed">The seed of the run.</param>
/// <param name="ValidationLoss">Loss of the model's weights on the validation images; <see langword="null"/> without such images.</param>
/// <param name="ModelStep">The number of steps after which the model's weights were taken; <see langword="null"/> means at the end.</param>
/// <param name="End">Why training ended.</param>
public sealed record TrainingSummary(
    int Images,
    int Steps,
    int BatchSize,
    double FinalLoss,
    int SkippedSteps,
    double Seconds,
    long Seed,
    double? ValidationLoss = null,
    int? ModelStep = null,
    TrainingEnd End = TrainingEnd.Budget)
{
    /// <summary>Gets the options of the run as a JSON object: the numbers, enumerations and switches of <see cref="TrainingOptions"/> under diffusers' kind of names.</summary>
    /// <value><see langword="null"/> for models that an earlier version trained.</value>
    [JsonConverter(typeof(JsonTextConverter))]
    public string? Options { get; init; }

    /// <summary>Gets what trained the model: this library, ML.NET, TorchSharp and .NET, each with its version.</summary>
    /// <value><see langword="null"/> for models that an earlier version trained.</value>
    public string? Versions { get; init; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Steps} steps of {BatchSize} from {Images} images in {TimeText.Of(TimeSpan.FromSeconds(Seconds))}, loss {FinalLoss:F4}{(ValidationLoss is { } validation ? string.Create(CultureInfo.InvariantCulture, $", validation loss {validation:F4}{(ModelStep is { } step ? $" at step {step}" : "")}") : "")}, seed {Seed}{(SkippedSteps > 0 ? $", {SkippedSteps} steps skipped" : "")}");
}
