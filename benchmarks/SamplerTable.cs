using System.CommandLine;
using System.Diagnostics;
using Experiments.Features;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Samples;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>Which sampler, over which steps: the Frechet distance of garments drawn by models/garments.zip, for equal numbers of network calls.</summary>
/// <remarks>
/// The distance is that of samples/Experiments, on the features of its classifier, here to the 10,000 garments that the model learned from. All
/// cells draw the same classes, in turn and from the same noise. Euler's method is DDIM with eta 0, and has its rows.
/// </remarks>
internal static class SamplerTable
{
    private const int Seed = 1;

    private static readonly (string Name, Func<int, TimestepSubset, Sampler> Create)[] _samplers =
    [
        ("ddim", (steps, timesteps) => new DdimSampler(steps) { Timesteps = timesteps }),
        ("ddpm", (steps, timesteps) => new DdpmSampler(steps) { Timesteps = timesteps }),
        ("dpm-solver", (steps, timesteps) => new DpmSolverSampler(steps) { Timesteps = timesteps }),
        ("sde-dpm-solver", (steps, timesteps) => new DpmSolverSampler(steps, stochastic: true) { Timesteps = timesteps }),
        ("unipc", (steps, timesteps) => new UniPcSampler(steps) { Timesteps = timesteps }),
        ("heun", (steps, timesteps) => new HeunSampler(steps) { Timesteps = timesteps }),
    ];

    // Searched for with the model at hand, by UniPC, and taken by all.
    private const string Best = "Best";

    private static readonly (string Name, Func<int, TimestepSubset> Create)[] _subsets =
    [
        ("Trailing", TimestepSubset.Trailing),
        ("Uniform", TimestepSubset.Uniform),
        ("Linspace", TimestepSubset.Linspace),
        ("LogSnr", steps => TimestepSubset.LogSnr(steps)),
        ("Karras", steps => TimestepSubset.Karras(steps)),
    ];

    /// <summary>Gets the command line: <c>samplers</c> and what to leave out.</summary>
    public static System.CommandLine.Command Command
    {
        get
        {
            var count =
                new Option<int>("--count") { Description = "Garments drawn for each cell, at least 33.", DefaultValueFactory = _ => 2000 };
            var samplers =
                new Option<string[]>("--samplers")
                {
                    Description = "Rows of the table.",
                    AllowMultipleArgumentsPerToken = true,
                    DefaultValueFactory = _ => [.. _samplers.Select(sampler => sampler.Name)],
                };
            var calls =
                new Option<int[]>("--calls")
                {
                    Description = "Network calls for a garment, columns of the table.",
                    AllowMultipleArgumentsPerToken = true,
                    DefaultValueFactory = _ => [5, 10, 20, 50],
                };
            var spacings =
                new Option<string[]>("--spacings")
                {
                    Description = "Rows of the table for each sampler; Best is what OptimizeSteps finds for unipc.",
                    AllowMultipleArgumentsPerToken = true,
                    DefaultValueFactory = _ => [.. _subsets.Select(subset => subset.Name)],
                };
            var model = new Option<FileInfo?>("--model") { Description = "The model that draws; models/garments.zip if none is named." };
            var guidance =
                new Option<double>("--guidance") { Description = "GenerationOptions.GuidanceScale.", DefaultValueFactory = _ => 1 };
            samplers.AcceptOnlyFromAmong([.. _samplers.Select(sampler => sampler.Name)]);
            spacings.AcceptOnlyFromAmong([.. _subsets.Select(subset => subset.Name), Best]);
            count.Validators.Add(result =>
            {
                if (result.GetValueOrDefault<int>() <= FeatureNetwork.NumberOfFeatures)
                {
                    result.AddError(
                        $"--count must be above {FeatureNetwork.NumberOfFeatures}, because fewer have no covariance of that many features.");
                }
            });
            var command =
                new System.CommandLine.Command(
                    "samplers",
                    "Prints the Frechet distance of drawn garments for each sampler, spacing of steps and number of network calls, as a Markdown table.") { count, samplers, spacings, calls, model, guidance };
            command.SetAction(result => Print(
                result.GetValue(model)?.FullName ?? Path.Combine(AppContext.BaseDirectory, "garments.zip"),
                result.GetValue(count),
                result.GetValue(guidance),
                result.GetValue(samplers)!,
                result.GetValue(spacings)!,
                result.GetValue(calls)!));
            return command;
        }
    }

    private static void Print(string path, int count, double guidance, string[] names, string[] spacings, int[] calls)
    {
        var clock = Stopwatch.StartNew();
        var mlContext = new MLContext(Seed);
        using var model = mlContext.Model.Load(path, out _).GetDiffusion();
        var classes = FashionMnist.Read().Select(garment => garment.Label).Distinct().ToList();
        if (model.ClassNames.Count > 0)
        {
            classes = [.. model.ClassNames];
        }

        var rows =
            FashionMnist.Read().Select(garment => (Pixels: Grey(garment.Image.Pixels), (long)classes.IndexOf(garment.Label))).ToList();
        var network = FeatureNetwork.Train(rows, epochs: 6, Seed);
        var real = Moments(network, rows.Select(row => row.Pixels));
        int[] labels = [.. Enumerable.Range(0, count).Select(i => i % classes.Count)];
        Console.WriteLine(
            FormattableString.Invariant(
                $"{count} garments a cell, seed {Seed}; {real.Count} real ones; features after {clock.Elapsed.TotalSeconds:F0} s\n"));
        var found = new Dictionary<int, TimestepSubset>();
        Console.WriteLine($"| sampler | steps | {string.Join(" | ", calls.Select(value => $"{value} calls"))} |");
        Console.WriteLine($"| --- | --- |{string.Concat(calls.Select(_ => " ---: |"))}");

        foreach (var (name, create) in _samplers.Where(sampler => names.Contains(sampler.Name)))
        {
            foreach (var (subset, timesteps) in _subsets.Append((Best, Found)).Where(subset => spacings.Contains(subset.Name)))
            {
                Console.Write($"| {name} | {subset} |");
                foreach (var value in calls)
                {
                    var steps = name == "heun" ? (value + 1) / 2 : value; // S steps of Heun's method call the network 2 S - 1 times
                    Console.Write(FormattableString.Invariant($" {Distance(create(steps, timesteps(steps))):F2} |"));
                }

                Console.WriteLine();
            }
        }

        Console.WriteLine(FormattableString.Invariant($"\n{clock.Elapsed.TotalMinutes:F1} minutes"));

        TimestepSubset Found(int steps)
        {
            if (!found.TryGetValue(steps, out var timesteps))
            {
                var options = new GenerationOptions { Sampler = new UniPcSampler(steps), GuidanceScale = guidance, Seed = Seed + 1 };
                found.Add(steps, timesteps = mlContext.Diffusion.OptimizeSteps(model, steps, options));
            }

            return timesteps;
        }

        double Distance(Sampler sampler)
        {
            var options = new GenerationOptions { Sampler = sampler, GuidanceScale = guidance, Seed = Seed, BatchSize = 100 };
            var images = model.ClassNames.Count > 0 ? model.Generate(labels, options) : model.Generate(count, options);
            var drawn = Moments(network, images.Select(image => Grey(image.Pixels)));
            Array.ForEach(images, image => image.Dispose());
            return FrechetDistance.Between(real, drawn);
        }
    }

    private static FeatureMoments Moments(FeatureNetwork network, IEnumerable<float[]> pictures)
    {
        var moments = new FeatureMoments(FeatureNetwork.NumberOfFeatures);
        foreach (var batch in pictures.Chunk(500))
        {
            moments.Add([.. network.Features(batch).Chunk(FeatureNetwork.NumberOfFeatures)]);
        }

        return moments;
    }

    private static float[] Grey(ReadOnlySpan<byte> pixels)
    {
        var grey = new float[pixels.Length / 4];
        for (var i = 0; i < grey.Length; i++)
        {
            grey[i] = pixels[4 * i] / 255f;
        }

        return grey;
    }
}
