using Experiments;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>What samples/Experiments says of the order of eta: made of the figures, and settled only where pairs settle it.</summary>
[TestClass]
public sealed class Table1OrderTests
{
    private static readonly string[] _noises = ["eta 0", "eta 1", "sigma-hat"];

    [TestMethod]
    public void Summary_CountsWhatIsSettledForThePaperAndAgainstIt()
    {
        Table1Cell[] cells =
        [
            Cell(10, "eta 0", 5), Cell(10, "eta 1", 7), Cell(10, "sigma-hat", 6.5), // up, then down: against the paper
            Cell(20, "eta 0", 4), Cell(20, "eta 1", 4.01, spread: 3), Cell(20, "sigma-hat", 9), // open, then up
            Cell(2, "eta 0", 8), Cell(2, "eta 1", 9), // not in the paper
        ];
        var report = new Report("Order");

        Table1Order.Add(report, cells, [2, 10, 20], _noises, Paper);

        StringAssert.Contains($"{report}", "| from, to | S = 2 | S = 10 | S = 20 |\n");
        StringAssert.Contains($"{report}", "| eta 0, eta 1 | **+1.00 [1.00, 1.00]** | **+2.00 [2.00, 2.00]** | +0.01 [");
        StringAssert.Contains($"{report}", "| eta 1, sigma-hat |  | **-0.50 [-0.50, -0.50]** | **+4.99 [");
        StringAssert.Contains(
            $"{report}",
            "Of 5 differences, 2 are settled in the paper's order and 1 against it (S = 10 from eta 1 to sigma-hat); 1 are not settled. 1 settled ones are of numbers of steps that the paper does not have.");
    }

    [TestMethod]
    public void Add_MoreThanTwoEtas_ComparesTheFirstWithTheLast()
    {
        var report = new Report("Order");

        Table1Order.Add(
            report,
            [Cell(10, "eta 0", 5), Cell(10, "eta 0.5", 6), Cell(10, "eta 1", 8), Cell(10, "sigma-hat", 9)],
            [10],
            ["eta 0", "eta 0.5", "eta 1", "sigma-hat"],
            (_, _) => null);

        StringAssert.Contains($"{report}", "| eta 1, sigma-hat | **+1.00 [1.00, 1.00]** |\n| eta 0, eta 1 | **+3.00 [3.00, 3.00]** |");
    }

    // Both cells scatter by far more than they differ, but together.
    [TestMethod]
    public void Beyond_CellsThatScatterAlike_IsSettled()
    {
        var (less, more) = (Cell(10, "eta 0", 5, spread: 10), Cell(10, "eta 1", 5.2, spread: 10));

        Assert.IsGreaterThan(more.Interval.Low, less.Interval.High);
        Assert.IsTrue(more.Beyond(less).Interval.ExcludesZero);
    }

    private static double? Paper(int steps, string noise) => steps == 2 ? null : Array.IndexOf(_noises, noise);

    private static Table1Cell Cell(int steps, string noise, double distance, double spread = 0) =>
        new(steps, noise, 100, 1, distance, [.. Enumerable.Range(-50, 101).Select(i => distance + 0.3 + (spread * i / 50))]);
}
