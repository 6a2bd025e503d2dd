using System.Text.Json.Nodes;

namespace Diffusion.Tool.Running;

/// <summary>What a model is, for programs.</summary>
internal static class ModelDocument
{
    public static object Of(DiffusionTransformer model)
    {
        var summary = model.Describe();
        return new
        {
            summary.ImageWidth,
            summary.ImageHeight,
            summary.Channels,
            summary.ClassNames,
            summary.Network,
            summary.NumberOfParameters,
            Schedule = summary.Schedule.ToString(),
            summary.Schedule.NumberOfTrainingTimesteps,
            summary.Prediction,
            summary.Variance,
            Generation = summary.Generation.ToString(),
            Training = Training(summary.Training),
            summary.Device,
        };
    }

    /// <summary>How a model was trained.</summary>
    public static object? Training(TrainingSummary? training) => training is null ? null : new
    {
        training.Images,
        training.Steps,
        training.BatchSize,
        training.FinalLoss,
        training.SkippedSteps,
        training.Seconds,
        training.Seed,
        training.ValidationLoss,
        training.ModelStep,
        training.End,
        Options = training.Options is { } options ? JsonNode.Parse(options) : null,
        training.Versions,
    };
}
