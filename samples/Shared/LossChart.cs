using System.Globalization;
using System.Xml;
using System.Xml.Linq;
using OxyPlot;
using OxyPlot.Axes;
using OxyPlot.Legends;
using OxyPlot.Series;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Training and validation loss over the steps, as SVG: the text is outlines, so that no font is needed to write it, nor to see it.</summary>
public static class LossChart
{
    private const int Width = 720;
    private const int Height = 380;
    private const int MostPoints = 250;
    private const double ShownPercentile = 0.02; // of the highest losses, those of the first steps, are above the frame

    private const string Ink = "rgb(51,51,52)"; // of the text, and of nothing else

    private static readonly OxyColor _ink = OxyColor.FromRgb(51, 51, 52);
    private static readonly OxyColor _grid = OxyColor.FromAColor(60, OxyColors.Gray);
    private static readonly OxyColor _training = OxyColor.FromRgb(96, 150, 205);
    private static readonly OxyColor _validation = OxyColor.FromRgb(220, 105, 20);

    /// <summary>Draws the chart.</summary>
    /// <param name="records">Reports of one training. Of many, neighbours are averaged.</param>
    /// <returns>An SVG document on white, which refers to no other.</returns>
    public static string Create(IReadOnlyList<TrainingProgress> records) => $"{Draw(records)}\n";

    /// <summary>Draws the chart as a part of a web page: on the page's background, its text in the colour of the page's.</summary>
    /// <param name="records">Reports of one training.</param>
    /// <returns>An svg element.</returns>
    public static string CreateForPage(IReadOnlyList<TrainingProgress> records)
    {
        var svg = Draw(records);
        svg.Elements().First(element => element.Name.LocalName == "rect").Remove();
        return svg.ToString().Replace(Ink, "currentColor", StringComparison.Ordinal);
    }

    /// <summary>Writes the chart.</summary>
    /// <param name="path">Where.</param>
    /// <param name="records">Reports of one training.</param>
    public static void Save(string path, IReadOnlyList<TrainingProgress> records) => WholeFile.WriteText(path, Create(records));

    private static XElement Draw(IReadOnlyList<TrainingProgress> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var text =
            new SvgExporter
            {
                Width = Width,
                Height = Height,
                UseVerticalTextAlignmentWorkaround = true,
                TextMeasurer = new Measurer(),
            }.ExportToString(Plot(records));
        using var reader =
            XmlReader.Create(
                new StringReader(text),
                new XmlReaderSettings { DtdProcessing = DtdProcessing.Ignore }); // it names a file on another machine
        var svg = XElement.Load(reader);
        Letters.Outline(svg);
        svg.Add(new XAttribute("viewBox", $"0 0 {Width} {Height}"), new XAttribute("role", "img"));
        svg.AddFirst(new XElement(svg.Name.Namespace + "title", "Training and validation loss over the optimizer steps"));
        return svg;
    }

    private static PlotModel Plot(IReadOnlyList<TrainingProgress> records)
    {
        var finite = records.Where(record => double.IsFinite(record.Loss)).ToList();
        var training = finite.Chunk(Math.Max(1, (int)Math.Ceiling((double)finite.Count / MostPoints)))
            .Select(part => new DataPoint(part.Average(record => record.Step), part.Average(record => record.Loss)));
        var validation =
            TrainingHistory.Validations(records)
                .Where(point => double.IsFinite(point.Loss))
                .Select(point => new DataPoint(point.Step, point.Loss));

        var plot =
            new PlotModel
            {
                Culture = CultureInfo.InvariantCulture,
                DefaultFontSize = 13,
                TextColor = _ink,
                PlotAreaBorderColor = _grid,
                Background = OxyColors.White,
                Padding = new OxyThickness(10, 6, 18, 10),
            };
        plot.Legends.Add(
            new Legend
            {
                LegendPlacement = LegendPlacement.Outside,
                LegendPosition = LegendPosition.TopRight,
                LegendOrientation = LegendOrientation.Horizontal,
                LegendMargin = 4,
                LegendSymbolLength = 28,
                LegendColumnSpacing = 20,
            });
        plot.Axes.Add(
            new LinearAxis
            {
                Position = AxisPosition.Bottom,
                Title = "optimizer step",
                StringFormat = "#,0",
                Minimum = 0,
                MinorTickSize = 0,
                AxisTitleDistance = 12,
                TickStyle = TickStyle.Outside,
                TicklineColor = _grid,
            });
        plot.Axes.Add(
            new LinearAxis
            {
                Position = AxisPosition.Left,
                Title = "mean loss",
                AxisTitleDistance = 14,
                Minimum = 0,
                Maximum = Top(finite),
                MajorGridlineStyle = LineStyle.Solid,
                MajorGridlineColor = _grid,
                TickStyle = TickStyle.None,
            });
        Add(plot, new LineSeries { Title = "training", Color = _training, StrokeThickness = 1.2 }, training);
        Add(
            plot,
            new LineSeries
            {
                Title = "validation",
                Color = _validation,
                StrokeThickness = 2,
                MarkerType = MarkerType.Circle,
                MarkerSize = 3,
                MarkerFill = _validation,
            },
            validation);
        return plot;
    }

    private static void Add(PlotModel plot, LineSeries series, IEnumerable<DataPoint> points)
    {
        series.Points.AddRange(points);
        if (series.Points.Count > 0)
        {
            plot.Series.Add(series);
        }
    }

    private static double Top(List<TrainingProgress> records)
    {
        if (records.Count == 0)
        {
            return double.NaN;
        }

        var losses = records.Select(record => record.Loss).Order().ToList();
        return 1.1 * losses[(int)((losses.Count - 1) * (1 - ShownPercentile))];
    }

    // OxyPlot's own tables are of another font, in points of 1/72 inch.
    private sealed class Measurer() : PdfRenderContext(Width, Height, OxyColors.White)
    {
        public override OxySize MeasureText(string text, string fontFamily, double fontSize, double fontWeight)
        {
            var (width, height) = Letters.Measure(text, fontSize);
            return new OxySize(width, height);
        }
    }
}
