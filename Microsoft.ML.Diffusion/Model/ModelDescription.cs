using System.Text.Json;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>What a model is, apart from its weights: all that sampling needs, so that nothing has to be typed again.</summary>
internal sealed record ModelDescription(
    ImageShape Shape,
    UNetOptions Network,
    NoiseSchedule Schedule,
    PredictionType Prediction,
    ModelVariance Variance,
    IReadOnlyList<string> ClassNames)
{
    public int NumberOfClasses => ClassNames.Count;

    /// <summary>Channels of the network's output: those of the images, and as many more for a learned variance.</summary>
    public int OutputChannels => Variance == ModelVariance.LearnedRange ? 2 * Shape.Channels : Shape.Channels;

    public override string ToString() =>
        $"Diffusion model of {Shape}{(ClassNames.Count > 0 ? $", {ClassNames.Count} classes" : "")}: {Network}, {Schedule}, {Prediction} prediction{(Variance == ModelVariance.LearnedRange ? ", learned variance" : "")}";

    /// <summary>What the network computes.</summary>
    /// <param name="augmentationLength">Numbers that say how an image was augmented, for training with augmentation; 0 for a model.</param>
    public UNetPlan CreatePlan(int augmentationLength = 0) =>
        new(Network, Shape.Channels, OutputChannels, Shape.Height, Shape.Width, NumberOfClasses, augmentationLength);

    /// <summary>Checks that a network of this model can go on as one of another, whose classes may be others.</summary>
    /// <param name="other">What is to be trained.</param>
    /// <param name="parameter">What the caller calls this model.</param>
    /// <exception cref="ArgumentException">It cannot; the message names all that differs.</exception>
    public void CheckCanTrainOn(ModelDescription other, string parameter)
    {
        var differences = new[]
        {
            Difference(nameof(DiffusionOptions.Channels), Shape.Channels, other.Shape.Channels),
            Difference(nameof(DiffusionOptions.Network), Network with { Dropout = 0 }, other.Network with { Dropout = 0 }),
            Difference(nameof(DiffusionOptions.Schedule), Schedule.Kind, other.Schedule.Kind),
            Difference(nameof(DiffusionOptions.Prediction), Prediction, other.Prediction),
            Difference(nameof(DiffusionOptions.Variance), Variance, other.Variance),
        }.OfType<string>().ToList();
        if (differences.Count > 0)
        {
            throw new ArgumentException(
                $"{parameter} cannot be trained on, because it differs in {string.Join("; ", differences)}. Set these options to the model's own.",
                parameter);
        }
    }

    private static string? Difference<T>(string name, T model, T options) =>
        Equals(model, options) ? null : $"{name} ({Text(model)} in the model, {Text(options)} here)";

    private static string Text<T>(T value) => value is Enum name ? name.ToString() : JsonSerializer.Serialize(value);
}
