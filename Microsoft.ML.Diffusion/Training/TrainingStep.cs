using Microsoft.ML.Diffusion.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>One optimizer step: minimizes the loss that the options choose on one batch, at randomly drawn timesteps.</summary>
/// <remarks>
/// Each step draws from generators seeded by (seed, step), so that it follows from its number alone; with loss-aware timesteps, also from the
/// losses before it.
/// </remarks>
internal sealed class TrainingStep(UNet network, ModelDescription model, TrainingOptions options, long seed, Device device) : IDisposable
{
    private readonly GaussianDiffusion _diffusion = new(model.Schedule, model.Prediction);
    private readonly TrainingObjective _objective = options.Objective(model.Schedule, model.Prediction, model.Variance);

    /// <summary>The network's weights and what the optimizer knows of them.</summary>
    public FlatParameters Parameters { get; } = new(network);

    /// <summary>The losses that loss-aware timesteps are drawn by; null for uniform ones.</summary>
    public LossHistory? History { get; } = options.TimestepSampling == TimestepSampling.LossAware ? new(model.Schedule.NumberOfTrainingTimesteps) : null;

    /// <summary>Takes step number <paramref name="step"/> = 0, 1, ...</summary>
    /// <param name="images">What to learn.</param>
    /// <param name="indices">The images of this step's batch.</param>
    /// <param name="step">Its number.</param>
    /// <param name="learningRate">Its learning rate.</param>
    /// <returns>The loss; null when a number was not finite and the step was skipped.</returns>
    public double? Run(TrainingSet images, int[] indices, int step, double learningRate)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(SeedMixing.Mix(seed, step + 1L));
        network.Dropout.Generator = generator;
        Parameters.ZeroGradients();

        var draws = new StepDraws(SeedMixing.Mix(~seed, step), model.Schedule.NumberOfTrainingTimesteps, options);
        var probabilities = History?.Probabilities();
        var x0 = draws.Flip(images.Batch(indices, device));
        var timesteps = draws.Timesteps(indices.Length, probabilities);
        var labels = images.Labels is { } all ? draws.Labels(indices, all) : null;
        var noise = randn(x0.shape, generator: generator).to(device);

        var losses = new double[indices.Length];
        var value = 0.0;
        foreach (var (first, count) in Parts(indices.Length, options.GradientAccumulationSteps))
        {
            using var partScope = NewDisposeScope();
            var part = new Range(first, first + count);
            var terms = Losses(x0.narrow(0, first, count), noise.narrow(0, first, count), timesteps[part], labels?[part]);
            if (History is not null)
            {
                terms.detach().to(ScalarType.Float64).cpu().data<double>().CopyTo(losses, first);
            }

            var weighted = probabilities is null ? terms : terms * tensor(LossHistory.Weights(probabilities, timesteps[part]), terms.dtype, device);
            var loss = weighted.mean() * ((double)count / indices.Length);
            loss.backward();
            value += loss.ToDouble();
        }

        var norm = Parameters.GradientNorm();
        if (!double.IsFinite(value) || !double.IsFinite(norm))
        {
            return null;
        }

        History?.Record(timesteps, losses);
        Parameters.Update(learningRate, options.WeightDecay, Math.Min(1, options.MaximumGradientNorm / (norm + 1e-6)));
        Parameters.UpdateAverage(Math.Min(options.EmaDecay, (1.0 + step) / (10.0 + step)));
        return value;
    }

    /// <summary>Cuts a batch into parts as equal as can be, the larger first.</summary>
    internal static IEnumerable<(int First, int Count)> Parts(int images, int parts)
    {
        parts = Math.Min(parts, images);
        var first = 0;
        for (var part = 0; part < parts; part++)
        {
            var count = (images / parts) + (part < images % parts ? 1 : 0);
            yield return (first, count);
            first += count;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        network.Dropout.Generator = null;
        Parameters.Dispose();
    }

    // The loss of each image, [N], before loss-aware timesteps weight it.
    private Tensor Losses(Tensor x0, Tensor noise, int[] timesteps, long[]? labels)
    {
        var xt = _diffusion.AddNoise(x0, noise, timesteps);
        var times = tensor(Array.ConvertAll(timesteps, t => (float)t), device: device);
        var classes = labels is null ? null : tensor(labels, device: device);
        return _objective.Terms(x0, noise, xt, network.Forward(xt, times, classes), timesteps).Loss;
    }
}
