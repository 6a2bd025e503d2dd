using System.Xml.Linq;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>What a training reports, as a table and as a chart.</summary>
[TestClass]
public sealed class TrainingRecordsTests
{
    [TestMethod]
    public void History_Reports_AreKeptAndPassedOn()
    {
        var (next, record) = (new TrainingHistory(), Record(10, 0.5));

        var history = new TrainingHistory(next);
        history.Report(record);

        Assert.AreSame(record, history.Records.Single());
        Assert.AreSame(record, next.Records.Single());
    }

    [TestMethod]
    public void Validations_RepeatedLosses_CountOnce()
    {
        TrainingProgress[] records = [Record(10, 1), Record(20, 1, 0.9), Record(30, 1, 0.9), Record(40, 1, 0.8)];

        CollectionAssert.AreEqual(((int, double)[])[(20, 0.9), (40, 0.8)], TrainingHistory.Validations(records).ToArray());
    }

    [TestMethod]
    public void SaveCsv_Records_WritesNumbersThatAnyCultureReads()
    {
        using var folder = new TemporaryFolder();

        TrainingHistory.SaveCsv(folder.File("training.csv"), [Record(10, 1234.5), Record(20, double.NaN, 0.25), Record(30, 0.5, 0.25)]);

        Assert.AreEqual(
            """
            step,epoch,seconds,loss,validation_loss,learning_rate,images_per_second,skipped_steps
            10,0.1250,1.500,1234.5,,0.001,99.5,2
            20,0.1250,1.500,NaN,0.25,0.001,99.5,2
            30,0.1250,1.500,0.5,,0.001,99.5,2

            """.ReplaceLineEndings("\n"),
            File.ReadAllText(folder.File("training.csv")));
    }

    [TestMethod]
    public void Chart_ManyRecords_IsDrawnInFewPoints()
    {
        var records = Enumerable.Range(1, 5000).Select(step => Record(step, 1.0 / step, step % 500 == 0 ? 0.5 / step : null)).ToList();

        var series = Series(XElement.Parse(LossChart.Create(records)));

        Assert.HasCount(2, series);
        Assert.IsInRange(200, 300, series[0]);
        Assert.AreEqual(10, series[1]);
    }

    [TestMethod]
    public void Chart_LossesThatAreNoNumbers_AreLeftOut()
    {
        var svg =
            LossChart.Create(
                [Record(10, 1), Record(20, double.NaN), Record(30, 0.8), Record(40, double.PositiveInfinity, double.NaN), Record(50, 0.7)]);

        CollectionAssert.AreEqual((int[])[3], Series(XElement.Parse(svg)).ToArray());
        Assert.DoesNotContain("NaN", svg);
    }

    [TestMethod]
    public void Chart_NoRecords_IsEmptyAxes() => Assert.IsEmpty(Series(XElement.Parse(LossChart.Create([]))));

    [TestMethod]
    public void ChartForPage_TakesThePagesColours()
    {
        var svg = LossChart.CreateForPage([Record(10, 1), Record(20, 0.5)]);

        StringAssert.Contains(svg, "fill=\"currentColor\"");
        Assert.DoesNotContain("rgb(255,255,255)", svg);
    }

    [TestMethod]
    public void Chart_Text_IsOutlinesThatFitTheirPlace()
    {
        var svg = XElement.Parse(LossChart.Create([Record(10, 1), Record(20, 0.5)]));

        var labels =
            svg.Descendants()
                .Where(element => element.Attribute("aria-label") is not null)
                .ToLookup(element => element.Attribute("aria-label")!.Value, element => element.Elements().ToList());
        Assert.HasCount("training".Length, labels["training"].Single());
        Assert.HasCount("optimizerstep".Length, labels["optimizer step"].Single(), "a space has no outline");
        Assert.IsTrue(labels["20"].Single().TrueForAll(path => path.Attribute("d")!.Value.StartsWith('M')));
    }

    private static TrainingProgress Record(int step, double loss, double? validation = null) =>
        new(step, 0.125, 0.5, loss, 0.001, 99.5, TimeSpan.FromSeconds(1.5), 2, validation);

    // The number of points of each line.
    private static List<int> Series(XElement svg) =>
    [
        .. svg.Descendants().Where(
            element =>
                element.Name.LocalName == "polyline"
                    && element.Attribute("style")!.Value.Contains("stroke-linejoin", StringComparison.Ordinal))
            .Select(line => line.Attribute("points")!.Value.Split(' ').Length),
    ];
}
