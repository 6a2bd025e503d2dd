using System.Diagnostics;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>The parts around the network: optimizer, reading of images, model files.</summary>
internal static class OtherFigures
{
    public static SortedDictionary<string, double> Measure()
    {
        var mlContext = new MLContext(seed: 1);
        var garments = Configuration.Garments;
        var rows = ProjectSide.Rows(mlContext, garments);
        var options = new DiffusionOptions { Training = new TrainingOptions { NumberOfSteps = 1, BatchSize = 4 }, Device = "cpu" };
        var estimator = mlContext.Transforms.DiffusionTrainer("Generated", "Pixels", options);
        using var model = estimator.Fit(rows);
        var file = Path.Combine(Path.GetTempPath(), $"benchmark-{Guid.NewGuid():N}.zip");
        var (decoded, batched) = Reading.Measure(mlContext);
        try
        {
            return new(StringComparer.Ordinal)
            {
                ["optimizer.flat.ms"] = 1000 * Seconds(Flat()),
                ["optimizer.by-layer.ms"] = 1000 * Seconds(ByLayer()),
                ["read.png.images-per-second"] = decoded,
                ["read.batch.images-per-second"] = batched,
                ["save.ms"] = 1000 * Seconds(() => mlContext.Diffusion.SaveModel(model, rows.Schema, file)),
                ["load.ms"] = 1000 * Seconds(() => mlContext.Diffusion.LoadModel(file, out _).GetDiffusion().Dispose()),
            };
        }
        finally
        {
            File.Delete(file);
        }
    }

    // Clipping, AdamW and the moving average of the network of "small", the library's way and the plain way.
    private static Action Flat()
    {
        var plan = new UNetPlan(new UNetOptions { AttentionResolutions = [16] }, 3, 3, 32, 32);
        var training = new CpuNetwork(new NetworkWeights(plan)).Train(TrainingPrecision.Float32);
        return () => training.Update(new UpdateSettings(1e-4, 0, 1, 0.999), isLossFinite: true);
    }

    private static Action ByLayer()
    {
        var network = new PlainUNet(Configuration.Small);
        var average = network.parameters().Select(weight => weight.detach().clone()).ToArray();
        var optimizer = optim.AdamW(network.parameters(), 1e-4);
        foreach (var weight in network.parameters())
        {
            weight.grad = zeros_like(weight);
        }

        return () =>
        {
            using var scope = NewDisposeScope();
            nn.utils.clip_grad_norm_(network.parameters(), 1.0);
            optimizer.step();
            using var noGrad = no_grad();
            foreach (var (mean, weight) in average.Zip(network.parameters()))
            {
                mean.lerp_(weight, 1e-4);
            }
        };
    }

    private static double Seconds(Action action)
    {
        action();
        return ProjectSide.Median(Enumerable.Range(0, 7).Select(_ =>
        {
            var clock = Stopwatch.StartNew();
            action();
            return clock.Elapsed.TotalSeconds;
        }));
    }
}
