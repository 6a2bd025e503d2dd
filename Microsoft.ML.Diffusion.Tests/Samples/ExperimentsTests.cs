using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>Every command of samples/Experiments, run by --quick as a user runs it.</summary>
[TestClass]
[TestCategory(TestCategories.Integration)]
public sealed class ExperimentsTests
{
    private const string Sample = "Experiments";

    [TestMethod]
    [DataRow("table2", "chart.svg sheet.png", "with the power")]
    [DataRow("consistency", "chart.svg sheet.png interpolation.png", "as far from that of S = 8")]
    [DataRow("respaced", "chart.svg sheet.png", "in [0-2] of 2 seeds")]
    [DataRow("parameterization", "chart.svg sheet.png", "in [0-6] of 6 cases")]
    [DataRow("progressive", "rate.svg distortion.svg rate-distortion.svg sheet.png", "for the last term")]
    public void Command_Quick_WritesItsTableChartAndImages(string name, string files, string finding)
    {
        using var folder = new TemporaryFolder();

        var run = SampleProcess.Run(Sample, name, "--quick", "--output", folder.Path);

        AssertWritten(folder, run, files, finding);
    }

    [TestMethod]
    public void Figure4_Student_IsTimedBesideTheTeacher()
    {
        using var folder = new TemporaryFolder();

        var (exitCode, output, error) =
            SampleProcess.Run(Sample, "figure4", "--quick", "--output", folder.Path, "--student", Garments.ModelPath);

        Assert.AreEqual((0, ""), (exitCode, error), output);
        Assert.MatchesRegex("(?m)^\\| student, 50 steps \\| 50 \\| [0-9.]+ \\| [0-9,]+ \\| [0-9.]+ \\|$", output);
        Assert.MatchesRegex("(?m)^\\| DDIM, 8 steps, guided \\| 16 \\| ", output);
        Assert.MatchesRegex("R\\^2 = [0-9.]+: ", output);
        Assert.IsTrue(File.Exists(folder.File("chart.svg")));
    }

    [TestMethod]
    public void Table1_SecondRun_TakesTheCellsOfTheFirst()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["table1", "--quick", "--spacing", "quadratic", "--output", folder.Path];

        var (first, second) = (SampleProcess.Run(Sample, arguments), SampleProcess.Run(Sample, arguments));

        AssertWritten(folder, second, "chart.svg sheet.png", "Of 10 differences, ");
        Assert.HasCount(1 + 10, File.ReadAllLines(folder.File("cells/cells.csv")), "a head and each cell once");
        StringAssert.Contains(second.Output, "quadratic timesteps");
        Assert.AreEqual(Figures(first.Output), Figures(second.Output));
    }

    [TestMethod]
    [DataRow("table2 --quick --full", "--quick must not be given with --full")]
    [DataRow("table1 --spacing karras", "'karras' not recognized")]
    [DataRow("figure4 --quick --student none.zip", "none.zip")]
    public void Command_WrongInput_SaysSoAndFails(string line, string message)
    {
        using var folder = new TemporaryFolder();

        var (exitCode, _, error) = SampleProcess.Run(Sample, [.. line.Split(' '), "--output", folder.Path]);

        Assert.AreEqual(1, exitCode);
        StringAssert.Contains(error, message);
        Assert.IsFalse(File.Exists(folder.File("table.md")));
    }

    private static void AssertWritten(TemporaryFolder folder, (int ExitCode, string Output, string Error) run, string files, string finding)
    {
        Assert.AreEqual((0, ""), (run.ExitCode, run.Error), run.Output);
        foreach (var file in (string[])["table.md", "table.csv", .. files.Split(' ')])
        {
            Assert.IsGreaterThan(0, new FileInfo(folder.File(file)).Length, file);
        }

        var table = File.ReadAllText(folder.File("table.md"));
        StringAssert.Contains(run.Output, table);
        Assert.MatchesRegex($"(?s)^# .*N = .*\\| .*{finding}.*\nSeed 1; [0-9]+ seconds in all", table);
        Assert.DoesNotContain("NaN", File.ReadAllText(folder.File("table.csv")));
    }

    // All but the times.
    private static string Figures(string output) => string.Join('\n', output.Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal)));
}
