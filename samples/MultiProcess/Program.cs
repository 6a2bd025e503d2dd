// One model, trained by as many processes as MPI starts, on one machine or on many. Once it is built,
//   mpirun -n 2 dotnet run --no-build -c Release --project samples/MultiProcess
// trains in two, and `dotnet run -c Release --project samples/MultiProcess` in one: the same steps, and the same model up to rounding. Each process has all the
// garments and learns from its part of every batch; the first one writes the model. docs/scale-out.md tells more. --quick does the same with a tiny budget.
using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.ML;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

var (quick, clock) = (args.Contains("--quick"), Stopwatch.StartNew());
var (steps, warmup, garments, drawn) = quick ? (12, 1, 64, 4) : (1000, 50, 10_000, 64);
var mlContext = new MLContext(seed: 1);

// 1. The processes that were started together. All of them come to every line of this program.
#region snippet
var processes = MpiProcessGroup.WasLaunched ? MpiProcessGroup.World : null;
var training = new TrainingOptions { NumberOfSteps = steps, BatchSize = 32, LearningRate = 1e-3, WarmupSteps = warmup, EmaDecay = 0.99, Processes = processes };
#endregion
var (rank, size) = (processes?.Rank ?? 0, processes?.Size ?? 1);
mlContext.Log += (_, log) =>
{
    if (log.Source.EndsWith("Fit", StringComparison.Ordinal) && log.Kind != Microsoft.ML.Runtime.ChannelMessageKind.Trace)
    {
        Console.WriteLine($"[{rank}] {log.RawMessage}"); // of several processes the first speaks for all
    }
};

// 2. The same images and options in each: Fit compares them before it begins.
var options = new DiffusionOptions
{
    Network = new UNetOptions { BaseChannels = 16, ChannelMultipliers = [1, 2, 2], NumberOfResidualBlocks = 1, AttentionResolutions = [7], NumberOfNormalizationGroups = 8 },
    Schedule = NoiseSchedule.Cosine(),
    Training = training,
    Generation = new GenerationOptions { Sampler = new DdimSampler(quick ? 4 : 50), Seed = 1 },
    Device = "cpu",
    Seed = 1,
};
var rows = mlContext.Data.LoadFromEnumerable(FashionMnist.Read().Take(garments));
using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(rows);

// 3. All have the same model, to the last bit: each draws the same garments.
var images = model.Generate(drawn);
var pixels = images.SelectMany(image => image.Pixels.ToArray()).ToArray();
Console.WriteLine($"[{rank}] Rank {rank} of {size} learned by {model.Training!.Steps} steps. Its garments have the digest {Convert.ToHexStringLower(SHA256.HashData(pixels))[..16]}.");

// 4. Who writes is the program's choice: here the first, as Fit does with checkpoints.
if (rank == 0)
{
    var artifacts = new Artifacts(null, "MultiProcess");
    using var grid = ImageGrid.Create(images, columns: 8, padding: 1);
    artifacts.Save("garments.png", grid.Save, "what the model draws");
    artifacts.Save("model.zip", path => mlContext.Diffusion.SaveModel(model, rows.Schema, path), "the model");
    Console.WriteLine(FormattableString.Invariant($"[{rank}] {clock.Elapsed.TotalMinutes:F1} minutes, by {processes?.ToString() ?? "one process alone"}"));
}
