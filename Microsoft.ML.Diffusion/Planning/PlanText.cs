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
        var batch = options.Training.BatchSize;
        var steps = planned.Duration.TotalSeconds / planned.SecondsPerStep;
        var seen = steps * batch;
        var weights = new UNetPlan(options.Network, facts.Shape.Channels, facts.Shape.Channels, facts.Shape.Height, facts.Shape.Width, facts.Classes).NumberOfParameters;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Plan for {TimeText.Of(facts.Budget)} of training:
              images   {facts.Images:N0} of {facts.Shape.Width}x{facts.Shape.Height}, {(facts.Shape.Channels == 1 ? "grey" : "in colour")}{(facts.Classes > 0 ? $", {facts.Classes} classes" : "")}
              network  {options.Network}, {weights:N0} weights
              speed    {batch / planned.SecondsPerStep:N0} images/s measured: about {steps:N0} steps of {batch}, each image {seen / facts.Images:N0} times
              expect   {Expectation.Of(facts, planned)}
            """);
    }
}
