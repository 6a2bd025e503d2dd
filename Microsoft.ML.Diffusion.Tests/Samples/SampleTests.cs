using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samples;

/// <summary>Every sample that takes --quick, run by it as a user runs it: built, in its own process.</summary>
[TestClass]
public sealed class SampleTests
{
    public static IEnumerable<object[]> QuickSamples => Directory.EnumerateDirectories(BuildFiles.InRoot("samples"))
        .Where(folder =>
            File.Exists(Path.Combine(folder, "Program.cs"))
                && File.ReadAllText(Path.Combine(folder, "Program.cs")).Contains("\"--quick\"", StringComparison.Ordinal))
        .Select(folder => new object[] { Path.GetFileName(folder) });

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DynamicData(nameof(QuickSamples))]
    public void Sample_Quick_RunsAndWritesItsFiles(string name)
    {
        var start = DateTime.UtcNow.AddSeconds(-2); // file systems round
        var (exitCode, output) = BuildFiles.RunDotnet("exec", SampleProcess.Assembly(name), "--quick");

        Assert.AreEqual(0, exitCode, output);
        var written =
            Directory.GetFiles(BuildFiles.InRoot("artifacts", name), "*", SearchOption.AllDirectories)
                .Where(file => File.GetLastWriteTimeUtc(file) >= start)
                .ToList();
        Assert.IsNotEmpty(written, output);
        StringAssert.Contains(output, "minutes");
    }

    // The web SDK would start them in the project's folder, where a path as it was typed leads nowhere.
    [TestMethod]
    public void WebSamples_RunWhereTheCommandIsGiven()
    {
        var projects = Directory.EnumerateFiles(BuildFiles.InRoot("samples"), "*.csproj", SearchOption.AllDirectories)
            .Where(project => File.ReadAllText(project).Contains("Microsoft.NET.Sdk.Web", StringComparison.Ordinal))
            .ToList();

        Assert.IsNotEmpty(projects);
        foreach (var project in projects)
        {
            StringAssert.Contains(File.ReadAllText(project), "<EnableDefaultRunWorkingDirectory>false</EnableDefaultRunWorkingDirectory>", project);
        }
    }

    [TestMethod]
    public void Samples_AreInTheSolution()
    {
        var solution = File.ReadAllText(BuildFiles.InRoot("Diffusion.sln"));

        foreach (var project in Directory.EnumerateFiles(BuildFiles.InRoot("samples"), "*.csproj", SearchOption.AllDirectories))
        {
            StringAssert.Contains(solution, Path.GetFileName(project));
        }
    }
}
