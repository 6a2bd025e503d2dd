using System.Globalization;
using Microsoft.ML.Diffusion.Samples;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Experiments;

/// <summary>Lines through points, as SVG: the text is text, so that no font is needed to write it.</summary>
internal sealed record LineChart(string Title, string XTitle, string YTitle)
{
    private static readonly OxyColor[] _colours =
        [OxyColors.Black, OxyColors.SteelBlue, OxyColors.SeaGreen, OxyColors.DarkOrange, OxyColors.Crimson, OxyColors.MediumPurple, OxyColors.Sienna];

    /// <summary>Gets a value indicating whether x is on a logarithmic scale.</summary>
    public bool LogarithmicX { get; init; }

    /// <summary>Gets a value indicating whether y is on a logarithmic scale.</summary>
    public bool LogarithmicY { get; init; }

    /// <summary>Gets a value indicating whether x falls from left to right, as time does when noise becomes an image.</summary>
    public bool FallingX { get; init; }

    /// <summary>Writes the chart.</summary>
    /// <param name="path">Where.</param>
    /// <param name="lines">A name and points for each line; those that a logarithmic scale has no place for are left out.</param>
    public void Save(string path, params IEnumerable<(string Name, IEnumerable<(double X, double Y)> Points)> lines)
    {
        var plot =
            new PlotModel
            {
                Culture = CultureInfo.InvariantCulture,
                Title = Title,
                TitleFontSize = 14,
                TitlePadding = 16,
                Padding = new OxyThickness(12),
                DefaultColors = _colours,
                Background = OxyColors.White,
            };
        plot.Axes.Add(Axis(LogarithmicX, AxisPosition.Bottom, XTitle));
        plot.Axes.Add(Axis(LogarithmicY, AxisPosition.Left, YTitle));
        (plot.Axes[0].StartPosition, plot.Axes[0].EndPosition) = FallingX ? (1, 0) : (0, 1);
        plot.Legends.Add(
            new Legend
            {
                LegendPlacement = LegendPlacement.Outside,
                LegendPosition = LegendPosition.RightTop,
                LegendMargin = 8,
                LegendPadding = 24,
            });
        foreach (var (name, points) in lines)
        {
            var line = new LineSeries { Title = name, MarkerType = MarkerType.Circle, MarkerSize = 4 };
            line.Points.AddRange(
                points.Where(point => (point.X > 0 || !LogarithmicX) && (point.Y > 0 || !LogarithmicY))
                    .Select(point => new DataPoint(point.X, point.Y)));
            plot.Series.Add(line);
        }

        WholeFile.Write(path, partial =>
        {
            using var file = File.Create(partial);
            new SvgExporter { Width = 720, Height = 420, UseVerticalTextAlignmentWorkaround = true }.Export(plot, file);
        });
    }

    private static Axis Axis(bool isLogarithmic, AxisPosition position, string title)
    {
        Axis axis = isLogarithmic ? new LogarithmicAxis() : new LinearAxis();
        axis.Position = position;
        axis.Title = title;
        axis.AxisTitleDistance = 16;
        axis.MajorGridlineStyle = LineStyle.Dot;
        axis.MinimumPadding = axis.MaximumPadding = 0.05;
        return axis;
    }
}
