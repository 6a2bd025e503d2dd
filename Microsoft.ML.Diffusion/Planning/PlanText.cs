using System.Globalization;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>A plan in words.</summary>
internal static class PlanText
{
    /// <summary>Tells what is learned by what, how fast, and what one can expect.</summary>
    /// <param name="facts">What the plan is made for.</param>
    /// <param name="planned">What was decided.</param>
    /// <param name="options">The options of the run.</param>
    public static string Of(PlanFacts facts, PlannedOptions planned, DiffusionOptions options)
    {
        var (shape, batch) = (facts.Shape, options.Training.BatchSize);
        var outputs = options.Variance == ModelVariance.LearnedRange ? 2 * shape.Channels : shape.Channels;
        var network = new UNetPlan(options.Network, shape.Channels, outputs, shape.Height, shape.Width, facts.Classes);
        var duration = options.Training.Duration ?? planned.Duration;
        var steps = duration.TotalSeconds / planned.SecondsPerStep;

        // A card's larger batches make a step better, but not as much better as that many more steps would.
        var counted = facts.OnCard ? Math.Min(batch, PlannedTraining.UsualBatch) : batch;
        var operations = 3 * PlanWork.Operations(network) * counted / planned.SecondsPerStep;
        var (colours, classes) = (shape.Channels == 1 ? "grey" : "in colour", facts.Classes > 0 ? $", {facts.Classes} classes" : "");
        var (speed, times) = (batch / planned.SecondsPerStep, steps * batch / facts.Images);
        var changed = options.Training.Augmentation is null ? "" : ", each time changed a little";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Plan for {TimeText.Of(facts.Budget)} of training:
              images    {facts.Images:N0} of {shape.Width}x{shape.Height}, {colours}{classes}
              network   {options.Network}, {network.NumberOfParameters:N0} weights
              training  {speed:N0} images/s measured: about {steps:N0} steps of {batch}, each image {times:N0} times{changed}
              sampler   {options.Generation.Sampler}
              result    {Expectation.Of(operations, duration, shape.Height * shape.Width)}
            """);
    }
}
