using System.Text.RegularExpressions;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>What a file calls the options and parameters that its values become, so that an error about one names the key.</summary>
/// <param name="entries">The options, each with its key.</param>
internal sealed partial class ConfigKeys(params (string Option, string Key)[] entries)
{
    /// <summary>The keys of the options that a message speaks of, as they are written before it; empty if there is none.</summary>
    /// <param name="error">What an option threw.</param>
    public string In(Exception error)
    {
        var parameter = (error as ArgumentException)?.ParamName;
        var words = Words().Matches(error.Message).Select(word => word.Value).ToHashSet(StringComparer.Ordinal);
        var keys =
            entries
                .Where(entry => entry.Option == parameter || (char.IsUpper(entry.Option[0]) && words.Contains(entry.Option)))
                .Select(entry => entry.Key)
                .Distinct()
                .ToList();
        return keys.Count == 0 ? "" : $"{string.Join(", ", keys)}: ";
    }

    [GeneratedRegex("[A-Za-z]+")]
    private static partial Regex Words();
}
