using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>How long an image takes that clients wait for: alone and among others, by calls of <c>Generate</c> side by side and by <see cref="BatchingGenerator"/>.</summary>
internal static class ServingSpeed
{
    private const int Full = 16;

    /// <summary>Prints a table for each number of steps.</summary>
    /// <param name="path">The model's file; a model with classes.</param>
    /// <param name="seconds">About how long each case is measured.</param>
    public static void Print(string path, double seconds)
    {
        using var model = new MLContext(seed: 1).Diffusion.LoadDiffusionModel(path);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {model.ImageWidth}x{model.ImageHeight}, at most {Full} images a batch"));
        foreach (var steps in (int[])[20, 50])
        {
            Console.WriteLine();
            Console.WriteLine("| steps | by | clients | median, ms | 95 % below, ms | images/s | of a full batch's | CPU s an image | RSS, MiB |");
            Console.WriteLine("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
            var sampler = new DdimSampler(steps);
            Warm(model, sampler);
            foreach (var clients in (int[])[1, 8, 32])
            {
                Measure(model, sampler, clients, seconds, isJoined: false);
                Measure(model, sampler, clients, seconds, isJoined: true);
            }
        }
    }

    private static void Warm(DiffusionTransformer model, Sampler sampler)
    {
        for (var count = 1; count <= Full; count++)
        {
            FullBatch(model, sampler, count);
        }
    }

    // Before and after each case, as the machine is by then.
    private static double FullBatch(DiffusionTransformer model, Sampler sampler, int count = Full)
    {
        var clock = Stopwatch.StartNew();
        var names = Enumerable.Range(0, count).Select(i => model.ClassNames[i % model.ClassNames.Count]);
        Array.ForEach(model.Generate(names, model.Generation with { Sampler = sampler, Seed = 1 }), image => image.Dispose());
        return count / clock.Elapsed.TotalSeconds;
    }

    private static void Measure(DiffusionTransformer model, Sampler sampler, int clients, double seconds, bool isJoined)
    {
        using var generator = new BatchingGenerator(model, new BatchingOptions { MaximumBatchSize = Full });
        var full = new List<double> { FullBatch(model, sampler), FullBatch(model, sampler) };
        var (times, processor) = (new List<double>(), Environment.CpuUsage.TotalTime);
        var clock = Stopwatch.StartNew();
        Task.WaitAll([.. Enumerable.Range(0, clients).Select(client => isJoined ? Ask(client) : Task.Factory.StartNew(
            () => Call(client),
            TaskCreationOptions.LongRunning))]);
        var (all, used) = (clock.Elapsed.TotalSeconds, Environment.CpuUsage.TotalTime - processor);
        full.AddRange([FullBatch(model, sampler), FullBatch(model, sampler)]);
        times.Sort();
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {sampler.Timesteps.NumberOfInferenceSteps} | {(isJoined ? "BatchingGenerator" : "Generate")} | {clients} | {1e3 * times[times.Count / 2]:F0} | {1e3 * times[times.Count * 95 / 100]:F0} | {times.Count / all:F2} | {times.Count / all / full.Average():F2} | {used.TotalSeconds / times.Count:F3} | {Environment.WorkingSet / 1048576.0:F0} |"));

        async Task Ask(int client)
        {
            for (var i = 0; clock.Elapsed.TotalSeconds < seconds; i++)
            {
                var start = clock.Elapsed.TotalSeconds;
                (await generator.GenerateAsync(new ImageRequest { ClassName = Name(client), Seed = Seed(client, i), Sampler = sampler })).Dispose();
                Add(clock.Elapsed.TotalSeconds - start);
            }
        }

        void Call(int client)
        {
            for (var i = 0; clock.Elapsed.TotalSeconds < seconds; i++)
            {
                var start = clock.Elapsed.TotalSeconds;
                model.Generate([Name(client)], model.Generation with { Sampler = sampler, Seed = Seed(client, i) })[0].Dispose();
                Add(clock.Elapsed.TotalSeconds - start);
            }
        }

        void Add(double time)
        {
            lock (times)
            {
                times.Add(time);
            }
        }

        string Name(int client) => model.ClassNames[client % model.ClassNames.Count];
    }

    private static long Seed(int client, int request) => (1_000L * request) + client;
}
