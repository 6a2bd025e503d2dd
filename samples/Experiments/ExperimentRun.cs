using System.Diagnostics;
using Experiments.Statistics;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace Experiments;

/// <summary>One run of an experiment: how much it does, where its files go, and when it began.</summary>
/// <param name="name">The experiment, as the command line calls it.</param>
/// <param name="size">How much is done.</param>
/// <param name="seed">The seed of everything random.</param>
/// <param name="output">The folder of the files; null is artifacts/Experiments and its name, and a folder in that for a quick or full run.</param>
/// <param name="cancellationToken">Ends the run.</param>
internal sealed class ExperimentRun(string name, RunSize size, int seed, string? output, CancellationToken cancellationToken)
{
    private readonly Stopwatch _clock = Stopwatch.StartNew();

    private readonly Artifacts _artifacts =
        new(output, Path.Combine("Experiments", name, size == RunSize.Usual ? "" : $"{size}".ToLowerInvariant()));

    public RunSize Size => size;

    public int Seed => seed;

    public CancellationToken CancellationToken => cancellationToken;

    public MLContext Context { get; } = new(seed);

    public double Seconds => _clock.Elapsed.TotalSeconds;

    /// <summary>The value of this run's size.</summary>
    public T Pick<T>(T quick, T usual, T full) => size switch
    {
        RunSize.Quick => quick,
        RunSize.Usual => usual,
        _ => full,
    };

    /// <summary>The path of a file or folder of this run.</summary>
    public string PathOf(string file) => _artifacts.PathOf(file);

    /// <summary>Loads a model that lies beside the program.</summary>
    public DiffusionTransformer LoadModel(string file = "garments.zip") =>
        Context.Diffusion.LoadDiffusionModel(Path.Combine(AppContext.BaseDirectory, file));

    /// <summary>How a sampler's run is asked for: from the seed's first noise on.</summary>
    public GenerationOptions Options(Sampler sampler) => new()
    {
        Sampler = sampler,
        Seed = seed,
        BatchSize = 100,
        CancellationToken = cancellationToken,
    };

    /// <summary>Says how far the run is.</summary>
    public void Tell(FormattableString text) =>
        Console.WriteLine(FormattableString.Invariant($"{FormattableString.Invariant(text)}; after {Seconds:F0} s"));

    /// <summary>Writes what was found, and prints it.</summary>
    /// <param name="report">The text with its tables, for table.md and the console.</param>
    /// <param name="csv">The table of all figures, for table.csv.</param>
    public void Write(Report report, ResultTable csv)
    {
        report.Add($"Seed {seed}; {Seconds:F0} seconds in all ({Seconds / 60:F1} minutes) on {Environment.ProcessorCount} cores.");
        Console.WriteLine($"\n{report}");
        _artifacts.Save("table.csv", path => File.WriteAllText(path, csv.ToCsv()), "all figures");
        _artifacts.Save("table.md", path => File.WriteAllText(path, $"{report}"), "this table");
    }

    /// <summary>Writes a chart.</summary>
    public void Save(string file, LineChart chart, params IEnumerable<(string Name, IEnumerable<(double X, double Y)> Points)> lines) =>
        _artifacts.Save(file, path => chart.Save(path, lines), chart.Title);

    /// <summary>Writes a sheet of images, row by row, and disposes them.</summary>
    public void Save(string file, IReadOnlyList<MLImage> images, int columns, string caption)
    {
        using (var grid = ImageGrid.Create(images, columns, padding: 1))
        {
            _artifacts.Save(file, grid.Save, caption);
        }

        foreach (var image in images)
        {
            image.Dispose();
        }
    }
}
