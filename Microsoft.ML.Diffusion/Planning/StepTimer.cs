using System.Diagnostics;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>Measures training steps on the device and the images at hand. What they learn is thrown away.</summary>
internal sealed class StepTimer(TrainingSet images, ComputeDevice device, long seed, RunCancellation cancellation)
{
    private const int FewestSteps = 3; // the first pays for code that .NET compiles, and memory that is new
    private const int MostSteps = 40;
    private const double TooLarge = 1e9; // seconds, of a network that the device has no memory for: no budget has them

    /// <summary>Measures.</summary>
    /// <param name="model">What is trained.</param>
    /// <param name="options">How.</param>
    /// <param name="limit">The time to spend, unless three steps take longer.</param>
    /// <returns>The median time of the later half of the steps, in seconds.</returns>
    public double SecondsPerStep(ModelDescription model, TrainingOptions options, TimeSpan limit)
    {
        try
        {
            return Measure(model, options, limit);
        }
        catch (Exception exception) when (MemoryShortage.IsMeantBy(exception))
        {
            return TooLarge;
        }
    }

    private double Measure(ModelDescription model, TrainingOptions options, TimeSpan limit)
    {
        var plan = model.CreatePlan();
        var weights = new NetworkWeights(plan);
        Initialization.Initialize(weights, seed);
        using var network = NetworkEngine.Create(plan, weights, device);
        using var training = new TrainingStep(network, model, options, seed);
        var batches = new BatchSequence(images.Count, options.BatchSize, seed);
        List<double> times = [];
        var all = Stopwatch.StartNew();
        while (times.Count < FewestSteps || (times.Count < MostSteps && all.Elapsed < limit))
        {
            cancellation.ThrowIfRequested();
            var clock = Stopwatch.StartNew();
            training.Run(images, batches.Indices(times.Count), times.Count, options.LearningRate);
            _ = training.Losses.Read();
            times.Add(clock.Elapsed.TotalSeconds);
        }

        var later = times.Skip(times.Count / 2).Order().ToList();
        return later[later.Count / 2];
    }
}
