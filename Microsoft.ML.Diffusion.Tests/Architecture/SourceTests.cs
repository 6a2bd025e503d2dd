using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Architecture;

[TestClass]
public partial class SourceTests
{
    private const int MaximumLength = 140;

    /// <summary>A text is not cut in two for it, since messages are looked for as they are shown.</summary>
    [TestMethod]
    public void Lines_OfCode_AreShortExceptForOneText()
    {
        var sources = Directory.EnumerateFiles(BuildFiles.InRoot("Microsoft.ML.Diffusion"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !GeneratedFolder().IsMatch(file));

        var tooLong = from file in sources
                      from line in File.ReadLines(file).Index()
                      where IsTooLong(line.Item)
                      select $"{Path.GetRelativePath(BuildFiles.Root, file)}:{line.Index + 1}";

        Assert.IsEmpty(tooLong.ToList());
    }

    [TestMethod]
    [DataRow(140, false)]
    [DataRow(141, true)]
    public void Line_OfSuchALength_IsTooLong(int length, bool expected)
    {
        Assert.AreEqual(expected, IsTooLong(new string('x', length)));
        Assert.IsFalse(IsTooLong("// " + new string('x', length)));
        Assert.IsFalse(IsTooLong($"throw new(\"{new string('x', length)}\");"));
    }

    /// <summary>TF32 is a setting of the process: a class at its side would round again what it compares, or be compared otherwise.</summary>
    [TestMethod]
    public void TestsThatForbidTensorFloat32_RunAlone()
    {
        var users = Directory.EnumerateFiles(BuildFiles.InRoot("Microsoft.ML.Diffusion.Tests"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !GeneratedFolder().IsMatch(file))
            .Select(file => (Name: Path.GetFileName(file), Text: File.ReadAllText(file)))
            .Where(file => file.Text.Contains("= EveryDevice" + ".Exactly(", StringComparison.Ordinal))
            .ToList();

        Assert.IsGreaterThan(1, users.Count);
        var beside = users.Where(file => !file.Text.Contains("\n[DoNotParallelize]", StringComparison.Ordinal)).Select(file => file.Name);
        Assert.IsEmpty(beside.ToList());
    }

    private static bool IsTooLong(string line) =>
        line.Length > MaximumLength
        && !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
        && !line.TrimStart().StartsWith('$')
        && Text().Replace(line, "").Length > MaximumLength;

    [GeneratedRegex("""\$?"(?:[^"\\]|\\.)*"|\{\([^"]*\?[^}]*\}""")]
    private static partial Regex Text();

    [GeneratedRegex(@"[/\\](?:bin|obj)[/\\]")]
    private static partial Regex GeneratedFolder();
}
