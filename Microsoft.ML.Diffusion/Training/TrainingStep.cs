using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>One optimizer step: minimizes the loss that the options choose on one batch, at randomly drawn timesteps.</summary>
/// <remarks>
/// What a step draws follows from its number alone, and with loss-aware timesteps from the losses before it; how many parts the batch goes through in decides
/// nothing of it. Uniform timesteps never make the host wait for the device.
/// </remarks>
internal sealed class TrainingStep : IDisposable
{
    private readonly ModelDescription _model;
    private readonly TrainingOptions _options;
    private readonly long _seed;
    private readonly Device _device;
    private readonly GaussianDiffusion _diffusion;
    private readonly TrainingObjective _objective;
    private readonly GradientShards _shards;

    public TrainingStep(UNet network, ModelDescription model, TrainingOptions options, long seed, Device device)
    {
        (_model, _options, _seed, _device) = (model, options, seed, device);
        _diffusion = new(model.Schedule, model.Prediction);
        _objective = options.Objective(model.Schedule, model.Prediction, model.Variance);
        Optimizer = new(network, options.Precision.TypeOn(device));
        History = options.TimestepSampling == TimestepSampling.LossAware ? new(model.Schedule.NumberOfTrainingTimesteps) : null;
        Losses = new(device);
        var images = options.BatchSize / options.GradientAccumulationSteps;
        _shards =
            new(network, Optimizer, model.CreateNetwork, Math.Min(WorkerThreads.PartsFor(images, device), MaximumShards(Optimizer.Count)));
    }

    /// <summary>The network's weights and what the optimizer knows of them.</summary>
    public FlatOptimizer Optimizer { get; }

    /// <summary>The losses that loss-aware timesteps are drawn by; null for uniform ones.</summary>
    public LossHistory? History { get; }

    /// <summary>The losses of the steps taken, on the device until somebody asks.</summary>
    public LossMeter Losses { get; }

    /// <summary>Whether all steps were taken in whole: not while one changes the weights, nor after it failed in this.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Takes step number <paramref name="step"/> = 0, 1, ...; it has no effect if a number is not finite.</summary>
    /// <param name="images">What to learn.</param>
    /// <param name="indices">The images of this step's batch.</param>
    /// <param name="step">Its number.</param>
    /// <param name="learningRate">Its learning rate.</param>
    public void Run(TrainingSet images, int[] indices, int step, double learningRate)
    {
        using var scope = NewDisposeScope();
        var firstSample = (long)step * _options.BatchSize;
        var dropout = new RandomNumbers(RandomStream.Dropout, _seed);
        var draws = new StepDraws(_seed, firstSample, _model.Schedule.NumberOfTrainingTimesteps, _options);
        var probabilities = History?.Probabilities();
        var x0 = draws.Flip(images.Batch(indices, _device));
        var timesteps = draws.Timesteps(indices.Length, probabilities);
        var labels = images.Labels is { } all ? tensor(draws.Labels(indices, all), device: _device) : null;
        var noise = draws.Noise(x0.shape, _device);
        var weights = probabilities is null ? null : LossHistory.Weights(probabilities, timesteps);

        Optimizer.ZeroGradients();
        var losses = new List<Tensor>();
        foreach (var (first, count) in WorkerThreads.Parts(indices.Length, _options.GradientAccumulationSteps))
        {
            var parts = _shards.Run([.. WorkerThreads.Parts(count, _shards.Count)], (network, start, size) =>
            {
                Tensor Cut(Tensor batch) => batch.narrow(0, first + start, size);
                KernelGradients.Forget();
                network.Dropout.Begin(dropout, firstSample + first + start);
                var terms =
                    LossOfEach(network, Cut(x0), Cut(noise), timesteps.AsSpan(first + start, size), labels is null ? null : Cut(labels));
                var weighted =
                    weights is null ? terms : terms * tensor(weights[(first + start)..(first + start + size)], terms.dtype, _device);
                weighted.sum().Over(indices.Length).backward();
                KernelGradients.ThrowIfFailed();
                return terms.detach();
            });
            foreach (var part in parts)
            {
                scope.Attach(part);
                losses.Add(part);
            }
        }

        var allLosses = cat(losses);
        IsWhole = false;
        Update(allLosses, weights, timesteps, step, learningRate);
        IsWhole = true;
    }

    // Each shard has gradients of its own: all together take a GiB at most, or there is one.
    private static int MaximumShards(long weights) => (int)Math.Max(1, (1L << 30) / (sizeof(float) * weights));

    /// <inheritdoc/>
    public void Dispose()
    {
        _shards.Dispose();
        Losses.Dispose();
        Optimizer.Dispose();
    }

    // The loss of each image, [N], before loss-aware timesteps weight it.
    private Tensor LossOfEach(UNet network, Tensor x0, Tensor noise, ReadOnlySpan<int> timesteps, Tensor? labels)
    {
        var xt = _diffusion.AddNoise(x0, noise, timesteps);
        var times = tensor(Array.ConvertAll(timesteps.ToArray(), t => (float)t), device: _device);
        return _objective.Terms(x0, noise, xt, network.Forward(xt, times, labels), timesteps).Loss;
    }

    private void Update(Tensor losses, double[]? weights, int[] timesteps, int step, double learningRate)
    {
        var loss = (weights is null ? losses : losses * tensor(weights, losses.dtype, _device)).mean();
        var decay = Math.Min(_options.EmaDecay, (1.0 + step) / (10.0 + step));
        var taken = Optimizer.Update(new UpdateSettings(learningRate, _options.WeightDecay, _options.MaximumGradientNorm, decay), loss);
        Losses.Add(loss, taken);
        if (History is not null && taken.Value() == 1)
        {
            History.Record(timesteps, losses.to(ScalarType.Float64).cpu().data<double>().ToArray());
        }
    }
}
