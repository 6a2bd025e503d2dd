using System.Globalization;
using System.Runtime.CompilerServices;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>A message in which the names of options are parts of their own: a program whose users know them by other names puts those in their place.</summary>
/// <param name="literalLength">As the compiler counts.</param>
/// <param name="formattedCount">As the compiler counts.</param>
[InterpolatedStringHandler]
internal sealed class OptionText(int literalLength = 0, int formattedCount = 0)
{
    private readonly List<object> _parts = new(Math.Min(literalLength, formattedCount) + formattedCount + 1);

    /// <summary>A text that names no option. Strings do not convert by themselves: a choice between two interpolated ones would lose their names.</summary>
    public static OptionText Of(string text)
    {
        var whole = new OptionText();
        whole.AppendLiteral(text);
        return whole;
    }

    /// <summary>Puts texts together, with another between them.</summary>
    public static OptionText Join(string separator, IEnumerable<OptionText> texts)
    {
        var joined = new OptionText();
        foreach (var (i, text) in texts.Index())
        {
            joined.AppendLiteral(i == 0 ? "" : separator);
            joined.AppendFormatted(text);
        }

        return joined;
    }

    public void AppendLiteral(string value) => _parts.Add(value);

    public void AppendFormatted(OptionName name) => _parts.Add(name);

    public void AppendFormatted(OptionText text) => _parts.AddRange(text._parts);

    public void AppendFormatted<T>(T value, string? format = null) => _parts.Add(
        value is IFormattable formattable ? formattable.ToString(format, CultureInfo.InvariantCulture) : value?.ToString() ?? "");

    /// <summary>The message with the names that a program has for options.</summary>
    public string ToString(Func<string, string?> nameOf) =>
        string.Concat(_parts.Select(part => part is OptionName name ? nameOf(name.Path) ?? name.Path : part));

    /// <inheritdoc/>
    public override string ToString() => string.Concat(_parts);
}

/// <summary>The name of an option within a message, such as LearningRate or Validation.Patience.</summary>
internal readonly record struct OptionName(string Path)
{
    /// <inheritdoc/>
    public override string ToString() => Path;
}
