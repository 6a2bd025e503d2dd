using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Diffusion.Tests.Docs;

/// <summary><c>docs/options.md</c> has every option, with the default that it has.</summary>
[TestClass]
public sealed partial class OptionsTests
{
    private static readonly string _text = CodeBlock.Prose(CodeBlock.Read("docs/options.md"));

    public static IEnumerable<object[]> OptionTypes => CodeNames.Options.Select(type => new object[] { type });

    [TestMethod]
    [DynamicData(nameof(OptionTypes))]
    public void Table_OfEachType_HasItsOptionsAndDefaults(Type type)
    {
        var section = _text.Split($"\n### {type.Name}\n") is [_, var rest] ? rest.Split("\n#")[0] : "";

        var rows =
            Row().Matches(section).Select(
                match => $"{match.Groups[1].Value} = {match.Groups[2].Value.Replace("`", "", StringComparison.Ordinal)}");

        CollectionAssert.AreEquivalent(Defaults(type).ToList(), rows.ToList(), string.Join("; ", Defaults(type).Except(rows)));
    }

    [TestMethod]
    [DataRow("docs/options.md")]
    [DataRow("docs/coming-from-python.md")]
    public void EveryName_Exists(string document)
    {
        // Names of Python stand in the first columns of tables.
        var prose =
            document == "docs/coming-from-python.md"
                ? FirstColumns().Replace(CodeBlock.Prose(CodeBlock.Read(document)), "|")
                : CodeBlock.Prose(CodeBlock.Read(document));
        var names = Name().Matches(prose).Select(match => match.Groups[1].Value).Distinct().ToList();

        var missing = names.Where(name => !CodeNames.IsPublic(name)).ToList();

        Assert.IsGreaterThan(10, names.Count);
        Assert.IsEmpty(missing, string.Join(", ", missing));
    }

    private static IEnumerable<string> Defaults(Type type)
    {
        var options = RuntimeHelpers.GetUninitializedObject(type);
        type.GetConstructor([])!.Invoke(options, []);
        return type.GetProperties().Where(property => property.CanWrite).Select(property =>
            $"{property.Name} = {(property.GetCustomAttribute<RequiredMemberAttribute>() is null ? Text(property.GetValue(options)) : "required")}");
    }

    private static string Text(object? value) => value switch
    {
        null => "null",
        bool isOn => isOn ? "true" : "false",
        CancellationToken => "none",
        IEnumerable list and not string => string.Join(", ", list.Cast<object>().Select(Text)),
        _ when CodeNames.Options.Contains(value.GetType()) => value.GetType().Name,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    [GeneratedRegex(@"^\| `(\w+)` \| ([^|]+) \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"`((?:[A-Z]\w+\.)?[A-Z]\w+)(?:\([^`]*\))?`")]
    private static partial Regex Name();

    [GeneratedRegex(@"^\|[^|]+\|", RegexOptions.Multiline)]
    private static partial Regex FirstColumns();
}
