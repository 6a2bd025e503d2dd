namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Requirements of options.</summary>
internal static class Check
{
    private const int MaximumShown = 32;

    /// <summary>Refuses an option that is outside its range.</summary>
    /// <param name="holds">Whether it is within.</param>
    /// <param name="name">The option, as the user knows it.</param>
    /// <param name="value">Its value.</param>
    /// <param name="rule">What must hold, and why: "must be at least 1, because ...".</param>
    /// <exception cref="ArgumentOutOfRangeException">It does not hold.</exception>
    public static void Require(bool holds, string name, object? value, string rule)
    {
        if (!holds)
        {
            throw OutOfRange(name, value, OptionText.Of(rule));
        }
    }

    /// <summary>Refuses an option by a rule that names other options.</summary>
    /// <inheritdoc cref="Require(bool, string, object?, string)"/>
    public static void Require(bool holds, string name, object? value, OptionText rule)
    {
        if (!holds)
        {
            throw OutOfRange(name, value, rule);
        }
    }

    private static ArgumentOutOfRangeException OutOfRange(string name, object? value, OptionText rule) => OptionMessages.Of(
        $"{new OptionName(name)} {rule}.",
        message => new ArgumentOutOfRangeException(
            name,
            value is IReadOnlyList<int> list ? Text(list) : value,
            message));

    private static string Text(IReadOnlyList<int> list) =>
        $"[{string.Join(", ", list.Take(MaximumShown))}{(list.Count > MaximumShown ? $", ... {list.Count} numbers" : "")}]";
}
