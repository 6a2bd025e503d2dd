using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary><c>CONTRIBUTING.md</c>, the workflow and the list of samples name what is there.</summary>
[TestClass]
public sealed partial class ContributingTests
{
    private const string Workflow = ".github/workflows/build.yml";

    private static readonly string _text = CodeBlock.Read("CONTRIBUTING.md");

    [TestMethod]
    public void EveryFile_IsThere()
    {
        var files =
            Code().Matches(CodeBlock.Prose(_text))
                .Select(match => match.Groups[1].Value)
                .Where(code => FilePath().IsMatch(code))
                .Distinct()
                .ToList();
        var all = Sources("*").Select(Path.GetFileName).ToHashSet();

        var missing = files.Where(file => !Path.Exists(BuildFiles.InRoot(file)) && (file.Contains('/') || !all.Contains(file))).ToList();

        Assert.IsGreaterThan(20, files.Count);
        Assert.IsEmpty(missing, string.Join(", ", missing));
    }

    [TestMethod]
    public void EveryTestClass_IsThere()
    {
        var names = TestClasses().Matches(_text).Select(match => match.Value).Distinct().ToList();
        var classes = typeof(ContributingTests).Assembly.GetTypes().Select(type => type.Name).ToHashSet();

        Assert.IsGreaterThan(3, names.Count);
        Assert.IsEmpty(names.Where(name => !classes.Contains(name)).ToList());
    }

    [TestMethod]
    [DataRow("fuzz", """case \["{0}"[,\]]""")]
    [DataRow("benchmarks", """(args is \["{0}"\]|Command\(\s*"{0}",)""")]
    public void EveryCommandOfAProgram_IsItsOwn(string project, string declared)
    {
        var commands =
            CodeBlock.All()
                .Where(block => block.Language == "sh")
                .SelectMany(block => Regex.Matches(block.Text, $"--project {project} -- ([a-z][a-z-]+)"))
                .Select(match => match.Groups[1].Value)
                .Distinct()
                .ToList();
        var program =
            string.Concat(
                Sources("*.cs").Where(path =>
                    Path.GetRelativePath(BuildFiles.Root, path).StartsWith(project, StringComparison.Ordinal)).Select(File.ReadAllText));

        Assert.IsGreaterThan(1, commands.Count);
        foreach (var command in commands)
        {
            Assert.MatchesRegex(declared.Replace("{0}", command, StringComparison.Ordinal), program);
        }
    }

    [TestMethod]
    public void EveryChange_PassesTheCommandsThatAreListed()
    {
        var commands = CodeBlock.Read(".ci/run").Split('\n').Where(line => line.StartsWith("dotnet ", StringComparison.Ordinal)).ToList();

        Assert.HasCount(2, commands);
        foreach (var command in commands)
        {
            StringAssert.Contains(_text, command);
            StringAssert.Contains(
                CodeBlock.Read(Workflow),
                command.Replace("test Diffusion.sln -c Release", "test Diffusion.sln -c Release --no-build", StringComparison.Ordinal));
        }
    }

    [TestMethod]
    public void FastFilter_LeavesOutTheCategoryOfTheTests()
    {
        var filters = Filter().Matches(_text + CodeBlock.Read(Workflow)).Select(match => match.Groups[1].Value).ToList();

        Assert.HasCount(3, filters);
        Assert.IsTrue(filters.TrueForAll(category => category == TestCategories.Integration), string.Join(", ", filters));
    }

    [TestMethod]
    public void Coverage_IsCollectedWithoutChangingFiles()
    {
        var settings = System.Xml.Linq.XDocument.Load(BuildFiles.InRoot("build", "coverage.runsettings"));

        string ValueOf(string name) => settings.Descendants(name).Single().Value;

        StringAssert.Contains(_text, "--collect \"Code Coverage\" --settings build/coverage.runsettings");
        Assert.AreEqual(
            ("False", "False"),
            (ValueOf("EnableStaticManagedInstrumentation"), ValueOf("EnableStaticNativeInstrumentation")),
            "outputs are hard links into the package folder");
    }

    [TestMethod]
    public void Workflow_SaysThatItHasNeverRun()
    {
        StringAssert.Contains(CodeBlock.Read(Workflow), "never been run");
        StringAssert.Contains(_text, "never been run");
        foreach (var system in (string[])["ubuntu", "windows", "macos"])
        {
            StringAssert.Contains(CodeBlock.Read(Workflow), $"{system}-latest");
        }
    }

    [TestMethod]
    public void ListOfSamples_HasEachOnce()
    {
        var list = CodeBlock.Read("samples/README.md");

        var samples =
            Directory.EnumerateFiles(BuildFiles.InRoot("samples"), "Program.cs", SearchOption.AllDirectories)
                .Select(path => Path.GetFileName(Path.GetDirectoryName(path))!)
                .ToList();

        CollectionAssert.AreEquivalent(samples, Row().Matches(list).Select(match => match.Groups[1].Value).ToList());
    }

    private static IEnumerable<string> Sources(string pattern) => Directory.EnumerateFiles(BuildFiles.Root, pattern, SearchOption.AllDirectories)
        .Where(path =>
            !Path.GetRelativePath(BuildFiles.Root, path)
                .Split(Path.DirectorySeparatorChar)
                .Intersect(["bin", "obj", "artifacts", ".git"])
                .Any());

    [GeneratedRegex("`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^(?=.*/|.*\.(?:cs|md|txt|props|yml)$)[\w./-]+$")]
    private static partial Regex FilePath();

    [GeneratedRegex(@"\b[A-Z]\w+Tests\b(?!\.|/)")]
    private static partial Regex TestClasses();

    [GeneratedRegex(@"TestCategory!=(\w+)")]
    private static partial Regex Filter();

    [GeneratedRegex(@"^\| [^|]+ \| \[(\w+)\]\(\1/Program\.cs\) \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
