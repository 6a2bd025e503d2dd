using System.Globalization;
using System.Text.Json;
using Spectre.Console;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>Both sides, measured in turn, so that a machine whose speed drifts treats them alike.</summary>
internal sealed class Comparison
{
    private readonly SortedDictionary<string, (double Ratio, double Project, double Plain)> _figures = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, double> _others;

    private Comparison(SortedDictionary<string, double> others) => _others = others;

    public static Comparison Run(int rounds, IAnsiConsole console)
    {
        var comparison = new Comparison(Worker.AskOthers());
        foreach (var configuration in Configuration.All)
        {
            var pairs = new List<(Measurement Project, Measurement Plain)>();
            for (var round = 1; round <= rounds; round++)
            {
                console.MarkupLineInterpolated($"{configuration.Name}, round {round} of {rounds}");
                var plain = Worker.Ask("plain", configuration);
                var project = Worker.Ask("project", configuration);
                if (plain.Parameters != project.Parameters)
                {
                    throw new InvalidOperationException($"The sides differ in their networks: {plain.Parameters} and {project.Parameters} weights.");
                }

                pairs.Add((project, plain));
            }

            comparison.Add($"training.{configuration.Name}", pairs, measurement => measurement.TrainingImagesPerSecond);
            comparison.Add($"sampling.{configuration.Name}", pairs, measurement => measurement.SamplingImagesPerSecond);
            comparison.Add($"memory.{configuration.Name}", pairs, measurement => measurement.TrainingPeakMegabytes);
        }

        return comparison;
    }

    public Table ToTable()
    {
        var table = new Table().AddColumns("figure", "library", "by hand", "ratio");
        foreach (var (name, (ratio, project, plain)) in _figures)
        {
            table.AddRow(name, Text(project), Text(plain), Text(ratio));
        }

        foreach (var (name, value) in _others)
        {
            table.AddRow(name, Text(value), "", "");
        }

        return table.Caption(
            $"{Environment.ProcessorCount} processors. Images/s, and MiB at the peak of training; the ratio is the median of the rounds' ratios.");
    }

    public void Save(string path)
    {
        var content = new
        {
            ratios = _figures.ToDictionary(figure => figure.Key, figure => figure.Value.Ratio),
            project = _figures.ToDictionary(figure => figure.Key, figure => figure.Value.Project).Concat(_others).ToDictionary(),
            plain = _figures.ToDictionary(figure => figure.Key, figure => figure.Value.Plain),
        };
        File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(content));
    }

    private static string Text(double value) => value.ToString(value < 10 ? "F2" : "F0", CultureInfo.InvariantCulture);

    private void Add(
        string name,
        List<(Measurement Project, Measurement Plain)> pairs,
        Func<Measurement, double> figure) => _figures[name] = (
        ProjectSide.Median(pairs.Select(pair => figure(pair.Project) / figure(pair.Plain))),
        ProjectSide.Median(pairs.Select(pair => figure(pair.Project))),
        ProjectSide.Median(pairs.Select(pair => figure(pair.Plain))));
}
