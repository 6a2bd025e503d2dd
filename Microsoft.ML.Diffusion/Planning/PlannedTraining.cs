using System.Globalization;
using System.Numerics;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>The options of training that follow from the number of steps to come.</summary>
internal static class PlannedTraining
{
    /// <summary>The images of a training set from which on a tenth is held out to judge by: of fewer each one is needed to learn from.</summary>
    public const int EnoughToHoldOut = 200;

    /// <summary>How images are generated: after a short training, fresh noise in each step mends what the network gets wrong (docs/planning.md).</summary>
    public static readonly Sampler Sampler = new DpmSolverSampler(steps: 20, stochastic: true);

    /// <summary>beta_2 of AdamW. At 0.999 networks of four levels and more may forget all at once, at rates at which they learn fastest (docs/planning.md).</summary>
    public const double AdamBeta2 = 0.99;

    /// <summary>The images of a step, where there is nothing to say for more or for less.</summary>
    public const int UsualBatch = 32;

    private const double HeldOutShare = 0.1;
    private const int LeastBatch = 8;

    // On an H100 steps of 16 and of 32 images of one small network took 38 ms, steps of 128 of another 23 to 37 (docs/performance.md).
    private const int BatchOfCard = 128;
    private const int EnoughSteps = 1_500; // with smaller batches one gets to more of them
    private const int ManySteps = 25_000; // with larger ones they are steadier

    // The weights of x_0, the root of min(SNR, 1): images learned with them are ahead of those learned without (docs/planning.md).
    private const double SnrGamma = 1;
    private const double SnrPower = 0.5;

    // Of v. At this rate a larger network never began to learn: theirs falls, on a line of logarithms, to that of the DDPM paper for its
    // weights (docs/planning.md).
    private const double HighestRate = 2e-3;
    private const double HighestRateOfSample = 4e-3; // x_0 bears more: tried with up to 4.1 million weights
    private const double WeightsOfHighestRate = 2.5e6;
    private const double PaperRate = 2e-4;
    private const double WeightsOfPaper = 35.7e6;
    private const double LeastRate = 1e-4;

    private const double WarmupShare = 0.05;
    private const double AverageShare = 0.06;

    /// <summary>Options to measure a network with.</summary>
    public static DiffusionOptions Of(PlanFacts facts, UNetOptions network) => new()
    {
        Network = network,
        Training = new TrainingOptions { BatchSize = Batches(facts).Usual, LearningRate = HighestRate },
    };

    /// <summary>Options for a network whose speed is known.</summary>
    /// <param name="facts">What is learned in what time.</param>
    /// <param name="network">The network.</param>
    /// <param name="secondsPerImage">The speed.</param>
    /// <param name="spent">What is gone of the budget.</param>
    /// <param name="configure">Applies the options that are given.</param>
    public static PlannedOptions Of(
        PlanFacts facts,
        UNetOptions network,
        double secondsPerImage,
        TimeSpan spent,
        Func<DiffusionOptions, DiffusionOptions> configure)
    {
        var duration = facts.Budget - spent > facts.Budget / 2 ? facts.Budget - spent : facts.Budget / 2;
        var images = duration.TotalSeconds / secondsPerImage;
        var options = Of(facts, network);
        var share = facts is { HasValidation: false, Images: >= EnoughToHoldOut } ? HeldOutShare : 0;
        options = options with
        {
            Prediction = Prediction(configure(options)),
            Training = options.Training with { Validation = options.Training.Validation with { Share = share } },
        };
        var plan = new UNetPlan(network, facts.Shape.Channels, facts.Shape.Channels, facts.Shape.Height, facts.Shape.Width, facts.Classes);
        var rate = LearningRate(plan.NumberOfParameters, configure(options).Prediction);
        var given = configure(options with { Training = options.Training with { BatchSize = Batch(facts, images), LearningRate = rate } });
        var training = given.Training;
        var steps = Math.Max(1, images / training.BatchSize);
        var gamma = MinimumSnrGamma(given);
        return new PlannedOptions(
            network,
            options.Prediction,
            gamma,
            training.BatchSize,
            training.LearningRate,
            (int)Math.Ceiling(WarmupShare * steps),
            Math.Clamp(1 - (1 / (AverageShare * steps)), 0.9, 0.9999),
            share,
            images / facts.Learned(training) >= AdviceTexts.OftenSeen, // seen less often, changing them only costs time
            duration,
            facts.Budget,
            secondsPerImage * training.BatchSize,
            gamma is not null && given.Training.MinimumSnrGamma is null ? SnrPower : 1); // whoever names gamma means min-SNR itself
    }

    /// <summary>The highest learning rate for a network, to two digits.</summary>
    /// <param name="weights">The number of its weights.</param>
    /// <param name="prediction">What it predicts.</param>
    internal static double LearningRate(double weights, PredictionType prediction)
    {
        var highest = prediction == PredictionType.Sample ? HighestRateOfSample : HighestRate;
        var slope = Math.Log(PaperRate / highest) / Math.Log(WeightsOfPaper / WeightsOfHighestRate);
        var rate = Math.Max(LeastRate, highest * Math.Pow(Math.Max(1, weights / WeightsOfHighestRate), slope));
        return double.Parse(rate.ToString("G2", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
    }

    // x_0, whose images are ahead after a short training (docs/planning.md); but of the bound, which also teaches a variance, v learns more
    // (docs/experiments.md).
    private static PredictionType Prediction(DiffusionOptions given) =>
        given.Variance == ModelVariance.LearnedRange || given.Training.Loss == TrainingLoss.Variational
            ? PredictionType.VPrediction
            : PredictionType.Sample;

    // None beside a bound, whose share it would change, nor where the last timestep has no signal and would never be learned.
    private static double? MinimumSnrGamma(DiffusionOptions given) =>
        given.Prediction == PredictionType.Sample
        && given.Training.LossFor(given.Variance) == TrainingLoss.Simple
        && given.Schedule.AlphaBar(given.Schedule.NumberOfTrainingTimesteps - 1) > 0
            ? SnrGamma
            : null;

    // Of few images a card's batch is all, or up to half of them less.
    private static (int Least, int Usual) Batches(PlanFacts facts)
    {
        var ofCard = Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)facts.Images + 1) / 2, LeastBatch, BatchOfCard);
        return facts.OnCard ? (ofCard, ofCard) : (LeastBatch, UsualBatch);
    }

    private static int Batch(PlanFacts facts, double images)
    {
        var (least, batch) = Batches(facts);
        while (batch > least && images / batch < EnoughSteps)
        {
            batch /= 2;
        }

        while (batch < 256 && images / batch > ManySteps)
        {
            batch *= 2;
        }

        return batch;
    }
}
