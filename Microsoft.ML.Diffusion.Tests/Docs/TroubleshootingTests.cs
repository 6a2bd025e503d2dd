using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary>The messages that <c>docs/troubleshooting.md</c> explains are those of the library.</summary>
[TestClass]
public sealed partial class TroubleshootingTests
{
    private static readonly string _text = CodeBlock.Prose(CodeBlock.Read("docs/troubleshooting.md"));

    [TestMethod]
    public void EveryMessage_IsInTheLibrary()
    {
        var sources = Directory.EnumerateFiles(BuildFiles.InRoot("Microsoft.ML.Diffusion"), "*.cs", SearchOption.AllDirectories)
            .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(path => Option().Replace(File.ReadAllText(path), "$1"))
            .ToList();
        var messages =
            Lines().Matches(_text)
                .Where(line => !line.Value.Contains("(ML.NET)", StringComparison.Ordinal))
                .SelectMany(line => Code().Matches(line.Value))
                .Select(match => match.Groups[1].Value)
                .Where(code => Message().IsMatch(code))
                .ToList();

        var unknown =
            messages.Where(
                message =>
                    !sources.Any(source =>
                        message.Split("...").All(part => source.Contains(part.Trim(), StringComparison.Ordinal)))).ToList();

        Assert.IsGreaterThan(15, messages.Count);
        Assert.IsEmpty(unknown, string.Join("\n", unknown));
    }

    [GeneratedRegex("^.+$", RegexOptions.Multiline)]
    private static partial Regex Lines();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Code();

    // The name of an option, where it is a part of a message.
    [GeneratedRegex(@"\{new OptionName\(nameof\((?:\w+\.)?(\w+)\)\)\}")]
    private static partial Regex Option();

    // Quoted words are a message; code and commands are not.
    [GeneratedRegex("^(?!dotnet )[A-Za-z.]+ [^=(]*$")]
    private static partial Regex Message();
}
