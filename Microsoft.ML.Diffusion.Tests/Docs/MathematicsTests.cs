using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary><c>docs/mathematics.md</c> names what exists, and leaves out no equation.</summary>
[TestClass]
public sealed partial class MathematicsTests
{
    private const BindingFlags Anything = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
    private static readonly string _text = Fenced().Replace(File.ReadAllText(BuildFiles.InRoot("docs", "mathematics.md")), "");

    // Compiler-generated types have names of their own kind.
    private static readonly ILookup<string, Type> _types = new[] { typeof(DiffusionTransformer).Assembly, typeof(MathematicsTests).Assembly }
        .SelectMany(assembly => assembly.GetTypes())
        .ToLookup(type => type.Name);

    public static IEnumerable<object[]> Sections =>
        _text.Split("\n### ").Skip(1).Select(section => new object[] { section.Split('\n')[0], section.Split("\n## ")[0].Split("\n# ")[0] });

    [TestMethod]
    public void EveryName_Exists()
    {
        var names = Code().Matches(_text).Select(match => match.Groups[1].Value).Distinct().ToList();

        var missing = names.Where(name => !Exists(name)).ToList();

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
            Assert.IsNotNull(Methods(test).FirstOrDefault(method => method.GetCustomAttribute<TestMethodAttribute>() is not null), $"{title}: {test} is not a test.");
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
        [.. Regex.Matches(section, $"^- {kind}: (.+)$", RegexOptions.Multiline).SelectMany(line => Code().Matches(line.Value)).Select(match => match.Groups[1].Value)];

    private static bool Exists(string name) => _types.Contains(name) || name.Split('.') is [var type, var member] && _types[type].Any(found => found.GetMember(member, Anything).Length > 0);

    private static IEnumerable<MethodInfo> Methods(string name) => name.Split('.') is [var type, var member] ? _types[type].SelectMany(found => found.GetMember(member, Anything)).OfType<MethodInfo>() : [];

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fenced();

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^### (DDPM|DDIM) eq\. (\d+)(?: (?:and|to) (\d+))?:", RegexOptions.Multiline)]
    private static partial Regex Equation();
}
