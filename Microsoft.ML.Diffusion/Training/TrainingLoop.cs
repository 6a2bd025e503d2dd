using Microsoft.ML.Diffusion.Networks;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Minimizes the loss that the options choose, at randomly drawn timesteps.</summary>
/// <remarks>
/// Each step draws from generators seeded by (seed, step), so that it follows from its number alone; with loss-aware timesteps, also from the
/// losses before it.
/// </remarks>
internal sealed class TrainingLoop(UNet network, ModelDescription model, TrainingOptions options, long seed, Device device)
{
    private readonly GaussianDiffusion _diffusion = new(model.Schedule, model.Prediction);
    private readonly TrainingObjective _objective = options.Objective(model.Schedule, model.Prediction, model.Variance);
    private readonly LossHistory? _history = options.TimestepSampling == TimestepSampling.LossAware ? new(model.Schedule.NumberOfTrainingTimesteps) : null;

    /// <summary>Trains the network in place and leaves it with the averaged weights.</summary>
    /// <param name="images">What to learn.</param>
    /// <param name="report">Receives progress every few steps and at the end.</param>
    /// <returns>The last report.</returns>
    public TrainingProgress Run(TrainingSet images, Action<TrainingProgress> report)
    {
        using var parameters = new FlatParameters(network);
        var budget = new TrainingBudget(options, images.Count);
        var batches = new BatchSequence(images.Count, options.BatchSize, seed);
        var meter = new TrainingMeter(options.BatchSize, images.Count);
        network.train();

        var step = 0;
        while (budget.Fraction(step, meter.Elapsed) < 1)
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            var learningRate = budget.LearningRate(step, meter.Elapsed);
            var loss = Step(images, batches.Indices(step), step, learningRate, parameters);
            step++;
            meter.Add(loss);
            if (step % options.ReportEverySteps == 0 && budget.Fraction(step, meter.Elapsed) < 1)
            {
                report(meter.Report(step, budget.Fraction(step, meter.Elapsed), learningRate));
            }
        }

        var last = meter.Report(step, 1, budget.LearningRate(step - 1, meter.Elapsed));
        report(last);
        network.Dropout.Generator = null;
        network.eval();
        parameters.UseAverage();
        return last;
    }

    // One optimizer step; null when a number was not finite and the step was skipped.
    private double? Step(TrainingSet images, int[] indices, int step, double learningRate, FlatParameters parameters)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(SeedMixing.Mix(seed, step + 1L));
        network.Dropout.Generator = generator;
        parameters.ZeroGradients();

        var draws = new StepDraws(SeedMixing.Mix(~seed, step), model.Schedule.NumberOfTrainingTimesteps, options);
        var probabilities = _history?.Probabilities();
        var x0 = draws.Flip(images.Batch(indices, device));
        var timesteps = draws.Timesteps(indices.Length, probabilities);
        var labels = images.Labels is { } all ? tensor(draws.Labels(indices, all), device: device) : null;
        var noise = randn(x0.shape, generator: generator).to(device);

        var xt = _diffusion.AddNoise(x0, noise, timesteps);
        var times = tensor(Array.ConvertAll(timesteps, t => (float)t), device: device);
        var losses = _objective.Terms(x0, noise, xt, network.Forward(xt, times, labels), timesteps).Loss;
        var weighted = probabilities is null ? losses : losses * tensor(LossHistory.Weights(probabilities, timesteps), losses.dtype, device);
        var loss = weighted.mean();
        loss.backward();

        var (value, norm) = (loss.ToDouble(), parameters.GradientNorm());
        if (!double.IsFinite(value) || !double.IsFinite(norm))
        {
            return null;
        }

        _history?.Record(timesteps, losses.detach().to(ScalarType.Float64).cpu().data<double>().ToArray());
        parameters.Update(learningRate, options.WeightDecay, Math.Min(1, options.MaximumGradientNorm / (norm + 1e-6)));
        parameters.UpdateAverage(Math.Min(options.EmaDecay, (1.0 + step) / (10.0 + step)));
        return value;
    }
}
