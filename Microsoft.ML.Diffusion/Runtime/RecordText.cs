using System.Collections;
using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// Writes a record as the compiler would, Name { Property = value, ... }, but with numbers as in code, whatever the user's culture, and with the
/// elements of lists.
/// </summary>
internal static class RecordText
{
    public static string Of(object record)
    {
        var properties =
            record.GetType()
                .GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(property => property.GetIndexParameters().Length == 0);
        return $"{record.GetType().Name} {{ {string.Join(", ", properties.Select(property => $"{property.Name} = {Value(property.GetValue(record))}"))} }}";
    }

    private static string? Value(object? value) => value switch
    {
        string text => text,
        IFormattable number => number.ToString(format: null, CultureInfo.InvariantCulture),
        IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Value))}]",
        _ => value?.ToString(),
    };
}
