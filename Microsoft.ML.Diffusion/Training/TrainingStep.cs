using System.Globalization;
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
    private readonly StepShare _share;

    /// <param name="network">The network to train, in place.</param>
    /// <param name="model">What it is part of.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="seed">The run's.</param>
    /// <param name="group">The processes that train together; null for one alone.</param>
    /// <param name="teacher">Whose steps it learns; null to learn from images alone.</param>
    public TrainingStep(
        Network network,
        ModelDescription model,
        TrainingOptions options,
        long seed,
        RunGroup? group = null,
        Teacher? teacher = null)
    {
        (_model, _options, _seed, _teacher) = (model, options, seed, teacher);
        _diffusion = new(model.Schedule, model.Prediction);
        _objective = options.Objective(model.Schedule, model.Prediction, model.Variance);
        History = options.TimestepSampling == TimestepSampling.LossAware ? new(model.Schedule.NumberOfTrainingTimesteps) : null;
        Length = (int)NetworkWeights.LengthFor(network.Plan);
        Optimizer = network.Train(options.Precision);
        _share = new StepShare(group ?? RunGroup.Alone, Join(group), options);
    }

    /// <summary>The network's weights and what the optimizer knows of them.</summary>
    public NetworkTraining Optimizer { get; }

    /// <summary>The numbers of a buffer of the optimizer.</summary>
    public int Length { get; }

    /// <summary>The losses that loss-aware timesteps are drawn by; null for uniform ones.</summary>
    public LossHistory? History { get; }

    /// <summary>The losses of the steps taken, until somebody asks.</summary>
    public LossMeter Losses { get; } = new();

    /// <summary>What this process tells the others with a step; then what all want, and the first one's time.</summary>
    public Pulse Pulse { get; set; }

    /// <summary>How long gradients were added up over the processes.</summary>
    public GroupClock Clock { get; } = new();

    /// <summary>The images of a step that this process learns from, to be prefetched.</summary>
    public int[] Own(int[] indices) => _share.Own(indices);

    /// <summary>Whether all steps were taken in whole: not while one changes the weights, nor after it failed in this.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Takes step number <paramref name="step"/> = 0, 1, ...; it has no effect if a number is not finite.</summary>
    /// <param name="images">What to learn.</param>
    /// <param name="indices">The images of this step's batch that are this process's (<see cref="Own"/>).</param>
    /// <param name="step">Its number.</param>
    /// <param name="learningRate">Its learning rate.</param>
    public void Run(TrainingSet images, int[] indices, int step, double learningRate)
    {
        var firstSample = (long)step * _options.BatchSize;
        var draws = new StepDraws(_seed, firstSample, _model.Schedule.NumberOfTrainingTimesteps, _options, _share.Places);
        var probabilities = History?.Probabilities();
        var timesteps =
            _teacher is null ? draws.Timesteps(_options.BatchSize, probabilities) : draws.Timesteps(_options.BatchSize, _teacher.Timesteps);
        var weights = probabilities is null ? null : LossHistory.Weights(probabilities, timesteps);
        var batch = Batch(images, indices, _share.Own(timesteps), draws);

        var losses = AddGradients(batch, weights, new RandomNumbers(RandomStream.Dropout, _seed), firstSample);
        Optimizer.SumOverGroup();
        Pulse = _share.Exchange(losses, Pulse);
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

    // The loss of each image of the batch that this process has, before loss-aware timesteps weight it.
    private double[] AddGradients(NoisyBatch batch, double[]? weights, RandomNumbers dropout, long firstSample)
    {
        var (losses, begin) = (new double[_options.BatchSize], 0);
        foreach (var (images, first, count) in _share.MicroBatches)
        {
            var own = begin;
            Optimizer.AddGradients(
                batch.Input(own, count),
                new DropoutDraws(dropout, firstSample + first),
                (image, output, gradient) =>
                {
                    var place = first + image;
                    var share = (weights?[place] ?? 1) / losses.Length;
                    losses[place] = _objective.Terms(batch[own + image], output, gradient, share).Loss;
                },
                new MicroBatch(images, IsLast: own + count == batch.Count));
            begin += count;
        }

        return losses;
    }

    // Null where the run is alone. All processes refuse the same batch, since each knows the parts of all.
    private GroupShare? Join(RunGroup? group)
    {
        if (group?.Processes is not { } processes)
        {
            return null;
        }

        var parts = group.Texts("parts", Optimizer.Parts.ToString(CultureInfo.InvariantCulture));
        var share =
            new GroupShare(
                processes,
                [.. parts.Select(text => int.Parse(text, CultureInfo.InvariantCulture))],
                _options.GradientSliceMegabytes * (1 << 20),
                Clock);
        var (smallest, all) = (_options.BatchSize / Math.Min(_options.BatchSize, _options.GradientAccumulationSteps), share.AllParts);
        Check.Require(
            smallest >= all,
            nameof(TrainingOptions.BatchSize),
            _options.BatchSize,
            $"must be at least {new OptionName(nameof(TrainingOptions.GradientAccumulationSteps))} times {all}, because {group.Size} processes of {string.Join(", ", share.Parts)} threads each learn from an image or more of what goes through the network at once. Raise it, or start fewer processes");
        Optimizer.Join(share);
        return share;
    }

    private void Update(double[] losses, double[]? weights, int[] timesteps, int step, double learningRate)
    {
        var loss = losses.Select((value, image) => value * (weights?[image] ?? 1)).Average();
        var decay = Math.Min(_options.EmaDecay, (1.0 + step) / (10.0 + step));
        var settings = new UpdateSettings(learningRate, _options.WeightDecay, _options.MaximumGradientNorm, decay, _options.AdamBeta2);
        var isTaken = Optimizer.Update(settings, double.IsFinite(loss));
        Losses.Add(loss, isTaken);
        if (isTaken)
        {
            History?.Record(timesteps, losses);
        }
    }
}
