using Microsoft.ML.Diffusion.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>Runs training steps until a budget is spent, and reports on them.</summary>
internal sealed class TrainingLoop(UNet network, ModelDescription model, TrainingOptions options, long seed, Device device)
{
    /// <summary>Trains the network in place and leaves it with the averaged weights.</summary>
    /// <param name="images">What to learn.</param>
    /// <param name="report">Receives progress every few steps and at the end.</param>
    /// <returns>The last report.</returns>
    public TrainingProgress Run(TrainingSet images, Action<TrainingProgress> report)
    {
        using var training = new TrainingStep(network, model, options, seed, device);
        var budget = new TrainingBudget(options, images.Count);
        var batches = new BatchSequence(images.Count, options.BatchSize, seed);
        var meter = new TrainingMeter(options.BatchSize, images.Count);
        network.train();

        var step = 0;
        while (budget.Fraction(step, meter.Elapsed) < 1)
        {
            options.CancellationToken.ThrowIfCancellationRequested();
            var learningRate = budget.LearningRate(step, meter.Elapsed);
            training.Run(images, batches.Indices(step), step, learningRate);
            step++;
            var totals = training.Losses.Read();
            meter.Add(totals.Taken > 0 ? totals.LastLoss : null);
            if (step % options.ReportEverySteps == 0 && budget.Fraction(step, meter.Elapsed) < 1)
            {
                report(meter.Report(step, budget.Fraction(step, meter.Elapsed), learningRate));
            }
        }

        var last = meter.Report(step, 1, budget.LearningRate(step - 1, meter.Elapsed));
        report(last);
        network.eval();
        training.Parameters.UseAverage();
        return last;
    }
}
