using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
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
    private readonly GaussianDiffusion _diffusion;
    private readonly TrainingObjective _objective;

    public TrainingStep(Network network, ModelDescription model, TrainingOptions options, long seed)
    {
        (_model, _options, _seed) = (model, options, seed);
        _diffusion = new(model.Schedule, model.Prediction);
        _objective = options.Objective(model.Schedule, model.Prediction, model.Variance);
        History = options.TimestepSampling == TimestepSampling.LossAware ? new(model.Schedule.NumberOfTrainingTimesteps) : null;
        Losses = new(CPU);
        Length = (int)NetworkWeights.LengthFor(network.Plan);
        Optimizer = network.Train(options.Precision);
    }

    /// <summary>The network's weights and what the optimizer knows of them.</summary>
    public NetworkTraining Optimizer { get; }

    /// <summary>The numbers of a buffer of the optimizer.</summary>
    public int Length { get; }

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
        var x0 = draws.Flip(images.Batch(indices, CPU));
        var timesteps = draws.Timesteps(indices.Length, probabilities);
        var labels = images.Labels is { } all ? Array.ConvertAll(draws.Labels(indices, all), label => (int)label) : [];
        var noise = draws.Noise(x0.shape, CPU);
        var xt = _diffusion.AddNoise(x0, noise, timesteps);
        var weights = probabilities is null ? null : LossHistory.Weights(probabilities, timesteps);

        var losses = new double[indices.Length];
        var input =
            new NetworkInput(
                indices.Length,
                xt.contiguous().data<float>().ToArray(),
                Array.ConvertAll(timesteps, timestep => (float)timestep),
                labels);
        foreach (var (first, count) in WorkerThreads.Parts(indices.Length, _options.GradientAccumulationSteps))
        {
            Optimizer.AddGradients(input.Part(first, count), new DropoutDraws(dropout, firstSample + first), (part, output, gradient) =>
            {
                using var own = NewDisposeScope();
                var image = first + part;
                Tensor Cut(Tensor batch) => batch.narrow(0, image, 1);
                var y = tensor(output.ToArray(), [1, _model.OutputChannels, .. x0.shape[2..]]).requires_grad_();
                var loss = _objective.Terms(Cut(x0), Cut(noise), Cut(xt), y, timesteps.AsSpan(image, 1)).Loss.sum();
                loss.Times((weights?[image] ?? 1) / indices.Length).backward();
                y.grad!.data<float>().CopyTo(gradient);
                losses[image] = loss.Value();
            });
        }

        IsWhole = false;
        Update(losses, weights, timesteps, step, learningRate);
        IsWhole = true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Losses.Dispose();
        Optimizer.Dispose();
    }

    private void Update(double[] losses, double[]? weights, int[] timesteps, int step, double learningRate)
    {
        var loss = (weights is null ? losses : losses.Zip(weights, (each, weight) => each * weight)).Average();
        var decay = Math.Min(_options.EmaDecay, (1.0 + step) / (10.0 + step));
        var taken =
            Optimizer.Update(
                new UpdateSettings(learningRate, _options.WeightDecay, _options.MaximumGradientNorm, decay),
                double.IsFinite(loss));
        Losses.Add(tensor(loss), tensor(taken ? 1 : 0));
        if (taken)
        {
            History?.Record(timesteps, losses);
        }
    }
}
