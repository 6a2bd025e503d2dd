using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary><c>docs/mathematics.md</c> names what exists, and leaves out no equation.</summary>
[TestClass]
public sealed partial class MathematicsTests
{
    private static readonly string _text = CodeBlock.Prose(CodeBlock.Read("docs/mathematics.md"));

    public static IEnumerable<object[]> Sections =>
        _text.Split("\n### ")
            .Skip(1)
            .Select(section => new object[] { section.Split('\n')[0], section.Split("\n## ")[0].Split("\n# ")[0] });

    [TestMethod]
    public void EveryName_Exists()
    {
        var names = Code().Matches(_text).Select(match => match.Groups[1].Value).Distinct().ToList();

        var missing = names.Where(name => !CodeNames.Exists(name)).ToList();

        Assert.IsGreaterThan(80, names.Count);
        Assert.IsEmpty(missing, string.Join(", ", missing));
    }

    [TestMethod]
    [DynamicData(nameof(Sections), DynamicDataDisplayName = nameof(SectionName))]
    public void EverySection_NamesItsCodeAndATest(string title, string section)
    {
        var tests = Names(section, "Test");

        Assert.IsNotEmpty(Names(section, "Code"), $"{title} names no code.");
        Assert.IsNotEmpty(tests, $"{title} names no test.");
        foreach (var test in tests)
        {
            Assert.IsNotNull(
                CodeNames.Methods(test).FirstOrDefault(method => method.GetCustomAttribute<TestMethodAttribute>() is not null),
                $"{title}: {test} is not a test.");
        }
    }

    [TestMethod]
    [DataRow("DDPM")]
    [DataRow("DDIM")]
    public void Equations_AreAllThereInOrder(string paper)
    {
        var equations = Equation().Matches(_text).Where(match => match.Groups[1].Value == paper).SelectMany(match =>
        {
            var first = Number(match.Groups[2]);
            var last = match.Groups[3].Success ? Number(match.Groups[3]) : first;
            return Enumerable.Range(first, last - first + 1);
        });

        CollectionAssert.AreEqual(Enumerable.Range(1, 16).ToList(), equations.ToList());
    }

    public static string SectionName(MethodInfo method, object[] data) => $"{method.Name} ({data[0]})";

    private static List<string> Names(string section, string kind) =>
        [.. Regex.Matches(section, $"^- {kind}: (.+)$", RegexOptions.Multiline)
            .SelectMany(line => Code().Matches(line.Value))
            .Select(match => match.Groups[1].Value)];

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^### (DDPM|DDIM) eq\. (\d+)(?: (?:and|to) (\d+))?:", RegexOptions.Multiline)]
    private static partial Regex Equation();
}
