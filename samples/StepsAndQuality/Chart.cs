using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace StepsAndQuality;

/// <summary>Lines over the number of steps, as SVG: the text is text, so that no font is needed to write it.</summary>
internal static class Chart
{
    public static void Save(string path, string title, IReadOnlyList<int> steps, IEnumerable<(string Name, IReadOnlyList<double> Values)> lines)
    {
        var plot = new PlotModel { Title = title, TitleFontSize = 14, Background = OxyColors.White };
        plot.Axes.Add(new CategoryAxis { Position = AxisPosition.Bottom, Title = "steps", ItemsSource = steps.Select(count => $"{count}").ToList() });
        plot.Axes.Add(new LogarithmicAxis { Position = AxisPosition.Left, Title = "Frechet distance (lower is better)", MajorGridlineStyle = LineStyle.Dot });
        plot.Legends.Add(new Legend { LegendPosition = LegendPosition.TopRight });
        foreach (var (name, values) in lines)
        {
            var line = new LineSeries { Title = name, MarkerType = MarkerType.Circle, MarkerSize = 4 };
            line.Points.AddRange(values.Select((value, i) => new DataPoint(i, value)));
            plot.Series.Add(line);
        }

        using var file = File.Create(path);
        new SvgExporter { Width = 720, Height = 420 }.Export(plot, file);
    }
}
