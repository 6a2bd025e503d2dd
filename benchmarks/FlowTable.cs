using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>
/// How far from the end of the probability flow garments of models/garments.zip end, by sampler and spacing, for equal numbers of network calls; and over
/// the steps that <see cref="DiffusionCatalog.OptimizeSteps"/> finds, with other noise than that of the table.
/// </summary>
internal static class FlowTable
{
    private const int Garments = 20;

    private static readonly (string Name, Func<TimestepSubset, Sampler> Create)[] _samplers =
    [
        ("DdimSampler", timesteps => new DdimSampler { Timesteps = timesteps }),
        ("DpmSolverSampler", timesteps => new DpmSolverSampler { Timesteps = timesteps }),
        ("UniPcSampler", timesteps => new UniPcSampler { Timesteps = timesteps }),
        ("UniPcSampler of order 3", timesteps => new UniPcSampler(order: 3) { Timesteps = timesteps }),
        ("HeunSampler", timesteps => new HeunSampler { Timesteps = timesteps }),
    ];

    /// <summary>Gets the command line: <c>flow</c>.</summary>
    public static System.CommandLine.Command Command
    {
        get
        {
            var command =
                new System.CommandLine.Command(
                    "flow",
                    "Prints how far drawn garments are from those of 600 steps, for each sampler, spacing of steps and number of network calls, as a Markdown table.");
            command.SetAction(_ => Print([4, 5, 6, 8, 10, 15, 20]));
            return command;
        }
    }

    private static void Print(int[] calls)
    {
        var mlContext = new MLContext(seed: 1);
        using var model = mlContext.Model.Load(Path.Combine(AppContext.BaseDirectory, "garments.zip"), out _).GetDiffusion();
        long[] samples = [.. Enumerable.Range(0, Garments)];
        int[] labels = [.. samples.Select(sample => (int)sample % model.ClassNames.Count)];
        var start = new PerSampleNoise(1, samples, RandomStream.StartOfSample).Next(Garments, model.Description.Shape.PixelCount);
        var end = Drawn(new UniPcSampler(600));

        Console.WriteLine($"| sampler | timesteps | {string.Join(" | ", calls.Select(count => $"{count} calls"))} |");
        Console.WriteLine($"| --- | --- |{string.Concat(calls.Select(_ => " ---: |"))}");
        foreach (var (name, create) in _samplers)
        {
            foreach (var (spacing, timesteps) in new (string, Func<int, TimestepSubset>)[]
            {
                ("Trailing", TimestepSubset.Trailing),
                ("LogSnr", steps => TimestepSubset.LogSnr(steps)),
                ("Karras", steps => TimestepSubset.Karras(steps)),
                ("optimized", steps => Optimized(create, steps)),
            })
            {
                if (spacing == "optimized" && name is not ("DpmSolverSampler" or "UniPcSampler"))
                {
                    continue; // each takes minutes
                }

                var row = calls.Select(count =>
                    Distance(Drawn(create(timesteps(name == "HeunSampler" ? (count + 1) / 2 : count)))).ToString("F4", null));
                Console.WriteLine($"| `{name}` | {spacing} | {string.Join(" | ", row)} |");
            }
        }

        TimestepSubset Optimized(Func<TimestepSubset, Sampler> create, int steps) => mlContext.Diffusion.OptimizeSteps(
            model,
            steps,
            new GenerationOptions { Sampler = create(TimestepSubset.Karras(steps)), Seed = 2 });

        Batch Drawn(Sampler sampler)
        {
            var generator = new ImageGenerator(model.Model, new GenerationOptions { Sampler = sampler }, seed: 1);
            return generator.Denoise(start, samples, labels, generator.Steps);
        }

        double Distance(Batch images) =>
            Math.Sqrt(Batch.Sum((1, images), (-1, end)).Values.Average(difference => difference * difference));
    }
}
