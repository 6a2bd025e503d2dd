using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using System.Text;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Culture;

/// <summary>
/// No text of the library, the samples or the tool is written by the user's culture: found in their code, whether a test writes the text or not.
/// </summary>
[TestClass]
public sealed class CultureScanTests
{
    public static IEnumerable<object[]> Samples =>
        Directory.EnumerateFiles(BuildFiles.InRoot("samples"), "Program.cs", SearchOption.AllDirectories)
            .Select(file => new object[] { Path.GetFileName(Path.GetDirectoryName(file))! });

    // Samples that are web services need ASP.NET Core, which lies beside the runtime and which the tests themselves do not need.
    [ClassInitialize]
    public static void FindAspNetCore(TestContext _) => AssemblyLoadContext.Default.Resolving += (context, name) =>
    {
        var runtime = new DirectoryInfo(RuntimeEnvironment.GetRuntimeDirectory());
        var file = Path.Combine(runtime.Parent!.Parent!.FullName, "Microsoft.AspNetCore.App", runtime.Name, $"{name.Name}.dll");
        return File.Exists(file) ? context.LoadFromAssemblyPath(file) : null;
    };

    [TestMethod]
    public void Library_WritesNumbersWithoutTheCulture()
    {
        AssertNone(typeof(DiffusionOptions).Assembly);
    }

    [TestMethod]
    public void PartsOfSamples_WriteNumbersWithoutTheCulture()
    {
        AssertNone(typeof(ReportPage).Assembly);
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DynamicData(nameof(Samples))]
    public void Sample_WritesNumbersWithoutTheCulture(string name)
    {
        AssertNone(Assembly.LoadFrom(SampleProcess.Assembly(name)));
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Tool_WritesNumbersWithoutTheCulture()
    {
        AssertNone(Assembly.LoadFrom(SampleProcess.Built("tool", "diffusion.dll")));
    }

    [TestMethod]
    [DataRow(nameof(Examples.Plain), true)]
    [DataRow(nameof(Examples.Nested), true)]
    [DataRow(nameof(Examples.Maybe), true)]
    [DataRow(nameof(Examples.Appended), true)]
    [DataRow(nameof(Examples.Sum), true)]
    [DataRow(nameof(Examples.Formatted), true)]
    [DataRow(nameof(Examples.FormattedInvariant), false)]
    [DataRow(nameof(Examples.NestedInvariant), false)]
    [DataRow(nameof(Examples.Invariant), false)]
    [DataRow(nameof(Examples.AppendedInvariant), false)]
    [DataRow(nameof(Examples.Texts), false)]
    public void Find_Example_SeesItsCulture(string name, bool expected)
    {
        var method = typeof(Examples).GetMethod(name, BindingFlags.Public | BindingFlags.Static)!;

        Assert.AreEqual(expected, CultureScan.Find(method).Any());
    }

    [TestMethod]
    public void Find_TextOfARecord_SeesItsNumbers()
    {
        var found = typeof(Record).GetMethod("PrintMembers", BindingFlags.NonPublic | BindingFlags.Instance)!;

        Assert.HasCount(2, CultureScan.Find(found).ToList());
    }

    private static void AssertNone(Assembly assembly)
    {
        var found = CultureScan.Find(assembly);

        Assert.IsEmpty(found, string.Join('\n', found));
    }

    private sealed record Record(string Name, int Count, double Share, float? Maybe);

    private static class Examples
    {
        public static string Plain(double value) => $"{value:F1}";

        public static string Nested(double value) =>
            string.Create(CultureInfo.InvariantCulture, $"{value}{(value > 1 ? $", above by {value - 1}" : "")}");

        public static string Maybe(float? value) => $"{value}";

        public static StringBuilder Appended(StringBuilder text, double value) => text.Append($"{value}");

        public static string Sum(string text, double value) => text + value;

        public static string Formatted(double value) => value.ToString();

        public static string FormattedInvariant(double value) => value.ToString("F1", CultureInfo.InvariantCulture);

        public static string NestedInvariant(double value) =>
            $"{(value > 1 ? string.Create(CultureInfo.InvariantCulture, $", above by {value - 1}") : "")} and {value.ToString(CultureInfo.InvariantCulture)}";

        public static string Invariant(double value, int count) =>
            string.Create(CultureInfo.InvariantCulture, $"{value:F1} of {count}{(count > 1 ? $"{count} more" : "")}");

        public static StringBuilder AppendedInvariant(StringBuilder text, double value) =>
            text.Append(CultureInfo.InvariantCulture, $"{value}");

        public static string Texts(string value, int count) => $"{value} and {count}";
    }
}
