using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>What each process of <see cref="ProcessSpeed"/> does; the first prints the figures.</summary>
internal static class ProcessWorker
{
    public const string Command = "process-worker";

    public const string Mark = "figures";

    private const int BatchSize = 32;
    private const int Warmup = 3;
    private const int Images = 64;
    private const int Seed = 1;

    private static readonly TimeSpan _time = TimeSpan.FromSeconds(8);
    private static readonly int[] _sizes = [1 << 10, 1 << 20, 25 << 20, 100 << 20]; // bytes

    /// <summary>The networks that are trained, and the images.</summary>
    public static IReadOnlyDictionary<string, (UNetOptions Network, ImageShape Shape)> Networks { get; } = new Dictionary<string, (UNetOptions, ImageShape)>
    {
        ["garments, 28x28"] = (new UNetOptions { BaseChannels = 32, ChannelMultipliers = [1, 2, 2], NumberOfResidualBlocks = 1, AttentionResolutions = [7] }, new(1, 28, 28)),
        ["64 channels, 32x32"] = (new UNetOptions { BaseChannels = 64, ChannelMultipliers = [1, 2, 2], AttentionResolutions = [8] }, new(3, 32, 32)),
    };

    /// <summary>Measures.</summary>
    /// <param name="what">"steps" of a network or "sums".</param>
    /// <param name="network">Its name.</param>
    public static void Run(string what, string network)
    {
        ProcessGroup? processes = MpiProcessGroup.WasLaunched ? MpiProcessGroup.World : null;
        var figures = what == "steps" ? Steps(new RunGroup(processes), network) : Sums(processes!);
        if (processes is not { Rank: > 0 })
        {
            Console.WriteLine($"{Mark} {string.Join(' ', figures.Select(figure => figure.ToString("R", CultureInfo.InvariantCulture)))}");
        }
    }

    // Images of a second; seconds of a step's collectives, their share of it, and the share of them that was hidden.
    private static double[] Steps(RunGroup group, string name)
    {
        var (network, shape) = Networks[name];
        var model = new ModelDescription(shape, network, NoiseSchedule.Cosine(), PredictionType.Epsilon, ModelVariance.Fixed, []);
        var plan = model.CreatePlan();
        var weights = new NetworkWeights(plan);
        Initialization.Initialize(weights, Seed);
        using var images = RandomImages(shape);
        using var engine = new CpuNetwork(weights);
        using var training = new TrainingStep(engine, model, new TrainingOptions { BatchSize = BatchSize }, Seed, group);
        group.Start();
        var (batches, times, clock) = (new BatchSequence(Images, BatchSize, Seed), new List<double>(), Stopwatch.StartNew());
        var busy = TimeSpan.Zero;
        for (var isOver = false; !isOver;)
        {
            if (times.Count == Warmup)
            {
                busy = training.Clock.Busy;
            }

            var step = Stopwatch.GetTimestamp();
            training.Pulse = new Pulse(clock.Elapsed >= _time, clock.Elapsed);
            training.Run(images, training.Own(batches.Indices(times.Count)), times.Count, 1e-4);
            _ = training.Losses.Read();
            times.Add(Stopwatch.GetElapsedTime(step).TotalSeconds);
            isOver = training.Pulse.IsStopWanted && times.Count > 2 * Warmup;
        }

        var ofStep = times.Skip(Warmup).Order().ElementAt((times.Count - Warmup) / 2);
        var collective = (training.Clock.Busy - busy).TotalSeconds / (times.Count - Warmup);
        return [BatchSize / ofStep, collective, collective / times.Skip(Warmup).Average(), training.Clock.HiddenShare];
    }

    // Seconds for gradients of each size.
    private static double[] Sums(ProcessGroup processes)
    {
        var numbers = GC.AllocateArray<float>(_sizes[^1] / sizeof(float), pinned: true);
        var address = Marshal.UnsafeAddrOfPinnedArrayElement(numbers, 0);
        return [.. _sizes.Select(bytes =>
        {
            var times = new List<double>();
            for (var i = 0; i < (bytes > 1 << 21 ? 15 : 200); i++)
            {
                var start = Stopwatch.GetTimestamp();
                processes.Sum(address, bytes / sizeof(float));
                times.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
            }

            return times.Skip(times.Count / 5).Order().ElementAt(times.Count * 2 / 5);
        })];
    }

    private static TrainingSet RandomImages(ImageShape shape)
    {
        var random = new Random(Seed);
        using var builder = new PixelStoreBuilder(shape.PixelCount, long.MaxValue, Path.GetTempPath());
        var image = new byte[shape.PixelCount];
        for (var i = 0; i < Images; i++)
        {
            random.NextBytes(image);
            builder.Append(image);
        }

        return new TrainingSet(shape, builder.ToStore(), labels: null);
    }
}
