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
        var learned = facts.Learned(options.Training);
        var heldOut =
            learned == facts.Images
                ? ""
                : Text($"; {facts.Images - learned:N0} of them are held out to judge by");
        var (speed, times) = (batch / planned.SecondsPerStep, steps * batch / learned);
        var changed = options.Training.Augmentation is null ? "" : ", each time changed a little";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            Plan for {TimeText.Of(facts.Budget)} of training:
              images    {facts.Images:N0} of {shape.Width}x{shape.Height}, {colours}{classes}{heldOut}
              network   {options.Network}, {network.NumberOfParameters:N0} weights
              training  {speed:N0} images/s measured: about {steps:N0} steps of {batch}, each image {times:N0} times{changed}
              learning  {Learning(options)}
              sampler   {options.Generation.Sampler}
              result    {Expectation.Of(operations, duration, shape.Height * shape.Width)}
            """);
    }

    private static string Learning(DiffusionOptions options)
    {
        var training = options.Training;
        var predicted = options.Prediction switch
        {
            PredictionType.Sample => "x_0",
            PredictionType.Epsilon => "epsilon",
            _ => "v",
        };
        var weights = training.SnrWeights is not { } snr ? ""
            : snr.Power == 1 ? Text($", weighted by min(SNR, {snr.Gamma})")
            : Text($", weighted by min(SNR, {snr.Gamma})^{snr.Power}");
        var dropout = options.Network.Dropout == 0 ? "" : Text($", dropout {options.Network.Dropout}");
        return Text(
            $"{predicted}{weights}; rate {training.LearningRate} after {training.WarmupSteps:N0} steps of warm-up, beta_2 {training.AdamBeta2}, average of weights over {1 / (1 - training.EmaDecay):N0} steps{dropout}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
