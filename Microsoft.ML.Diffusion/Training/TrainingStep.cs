using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>One optimizer step: minimizes the loss that the options choose on one batch, at randomly drawn timesteps.</summary>
/// <remarks>
/// What a step draws follows from its number alone, and with loss-aware timesteps from the losses before it; how many parts the batch goes through in decides
/// nothing of it.
/// </remarks>
internal sealed class TrainingStep : IDisposable
{
    private readonly ModelDescription _model;
    private readonly TrainingOptions _options;
    private readonly long _seed;
    private readonly Teacher? _teacher;
    private readonly GaussianDiffusion _diffusion;
    private readonly TrainingObjective _objective;

    /// <param name="network">What learns.</param>
    /// <param name="model">What it is part of.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="seed">The run's.</param>
    /// <param name="teacher">Whose steps it learns; null to learn from images alone.</param>
    public TrainingStep(Network network, ModelDescription model, TrainingOptions options, long seed, Teacher? teacher = null)
    {
        (_model, _options, _seed, _teacher) = (model, options, seed, teacher);
        _diffusion = new(model.Schedule, model.Prediction);
        _objective = options.Objective(model.Schedule, model.Prediction, model.Variance);
        History = options.TimestepSampling == TimestepSampling.LossAware ? new(model.Schedule.NumberOfTrainingTimesteps) : null;
        Length = (int)NetworkWeights.LengthFor(network.Plan);
        Optimizer = network.Train(options.Precision);
    }

    /// <summary>The network's weights and what the optimizer knows of them.</summary>
    public NetworkTraining Optimizer { get; }

    /// <summary>The numbers of a buffer of the optimizer.</summary>
    public int Length { get; }

    /// <summary>The losses that loss-aware timesteps are drawn by; null for uniform ones.</summary>
    public LossHistory? History { get; }

    /// <summary>The losses of the steps taken, until somebody asks.</summary>
    public LossMeter Losses { get; } = new();

    /// <summary>Whether all steps were taken in whole: not while one changes the weights, nor after it failed in this.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Takes step number <paramref name="step"/> = 0, 1, ...; it has no effect if a number is not finite.</summary>
    /// <param name="images">What to learn.</param>
    /// <param name="indices">The images of this step's batch.</param>
    /// <param name="step">Its number.</param>
    /// <param name="learningRate">Its learning rate.</param>
    public void Run(TrainingSet images, int[] indices, int step, double learningRate)
    {
        var firstSample = (long)step * _options.BatchSize;
        var draws = new StepDraws(_seed, firstSample, _model.Schedule.NumberOfTrainingTimesteps, _options);
        var probabilities = History?.Probabilities();
        var timesteps = _teacher is null ? draws.Timesteps(indices.Length, probabilities) : draws.Timesteps(indices.Length, _teacher.Timesteps);
        var weights = probabilities is null ? null : LossHistory.Weights(probabilities, timesteps);
        var batch = Batch(images, indices, timesteps, draws);

        var losses = AddGradients(batch, weights, new RandomNumbers(RandomStream.Dropout, _seed), firstSample);
        IsWhole = false;
        Update(losses, weights, timesteps, step, learningRate);
        IsWhole = true;
    }

    /// <inheritdoc/>
    public void Dispose() => Optimizer.Dispose();

    private NoisyBatch Batch(TrainingSet images, int[] indices, int[] timesteps, StepDraws draws)
    {
        var originals = images.Batch(indices);
        draws.Flip(originals, images.Shape);
        var augmentation = draws.Augment(originals, images.Shape);
        var labels = images.Labels is { } all ? draws.Labels(indices, all) : null;
        var batch = new NoisyBatch(_diffusion, originals, timesteps, labels, draws.Noise) { Augmentation = augmentation };
        _teacher?.Teach(batch, labels);
        return batch;
    }

    // The loss of each image, before loss-aware timesteps weight it.
    private double[] AddGradients(NoisyBatch batch, double[]? weights, RandomNumbers dropout, long firstSample)
    {
        var losses = new double[batch.Count];
        foreach (var (first, count) in Workers.Parts(batch.Count, _options.GradientAccumulationSteps))
        {
            Optimizer.AddGradients(
                batch.Input(first, count),
                new DropoutDraws(dropout, firstSample + first),
                (place, output, gradient) =>
                {
                    var image = first + place;
                    var share = (weights?[image] ?? 1) / batch.Count;
                    losses[image] = _objective.Terms(batch[image], output, gradient, share).Loss;
                });
        }

        return losses;
    }

    private void Update(double[] losses, double[]? weights, int[] timesteps, int step, double learningRate)
    {
        var loss = losses.Select((value, image) => value * (weights?[image] ?? 1)).Average();
        var decay = Math.Min(_options.EmaDecay, (1.0 + step) / (10.0 + step));
        var settings = new UpdateSettings(learningRate, _options.WeightDecay, _options.MaximumGradientNorm, decay);
        var isTaken = Optimizer.Update(settings, double.IsFinite(loss));
        Losses.Add(loss, isTaken);
        if (isTaken)
        {
            History?.Record(timesteps, losses);
        }
    }
}
