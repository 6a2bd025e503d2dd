using System.Globalization;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace StepsAndQuality;

/// <summary>Lines over the number of steps, as SVG: the text is text, so that no font is needed to write it.</summary>
internal static class Chart
{
    private static readonly OxyColor[] _colours =
        [OxyColors.Black, OxyColors.SteelBlue, OxyColors.SeaGreen, OxyColors.DarkOrange, OxyColors.Crimson];

    public static void Save(
        string path,
        string title,
        IReadOnlyList<int> steps,
        IEnumerable<(string Name, IReadOnlyList<double> Values)> lines)
    {
        var plot =
            new PlotModel
            {
                Culture = CultureInfo.InvariantCulture,
                Title = title,
                TitleFontSize = 14,
                TitlePadding = 16,
                Padding = new OxyThickness(12),
                DefaultColors = _colours,
                Background = OxyColors.White,
            };
        plot.Axes.Add(
            new CategoryAxis
            {
                Position = AxisPosition.Bottom,
                Title = "steps",
                IsTickCentered = true,
                MinimumPadding = 0.1,
                MaximumPadding = 0.1,
                ItemsSource = steps.Select(count => $"{count}").ToList(),
            });
        plot.Axes.Add(
            new LogarithmicAxis
            {
                Position = AxisPosition.Left,
                Title = "Frechet distance (lower is better)",
                AxisTitleDistance = 20,
                MajorGridlineStyle = LineStyle.Dot,
            });
        plot.Legends.Add(
            new Legend
            {
                LegendPlacement = LegendPlacement.Outside,
                LegendPosition = LegendPosition.RightTop,
                LegendMargin = 8,
                LegendPadding = 24,
            });
        foreach (var (name, values) in lines)
        {
            var line = new LineSeries { Title = name, MarkerType = MarkerType.Circle, MarkerSize = 4 };
            line.Points.AddRange(values.Select((value, i) => new DataPoint(i, value)));
            plot.Series.Add(line);
        }

        using var file = File.Create(path);
        new SvgExporter { Width = 720, Height = 420, UseVerticalTextAlignmentWorkaround = true }.Export(plot, file);
    }
}
