using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>What to throw at a column that is not there or is of another type: with the columns there are, or how to make one of that type.</summary>
internal static class ColumnErrors
{
    /// <summary>There is no column of that name.</summary>
    /// <param name="schema">The columns there are.</param>
    /// <param name="parameter">What the caller calls the rows or their schema.</param>
    /// <param name="role">What the column was to be.</param>
    /// <param name="name">Its name.</param>
    public static ArgumentOutOfRangeException Missing(DataViewSchema schema, string parameter, string role, string name) =>
        Missing(
            [.. schema.Where(column => !column.IsHidden).Select(column => (column.Name, column.Type.ToString()!))],
            parameter,
            role,
            name);

    /// <inheritdoc cref="Missing(DataViewSchema, string, string, string)"/>
    public static ArgumentOutOfRangeException Missing(SchemaShape schema, string parameter, string role, string name) =>
        Missing([.. schema.Select(column => (column.Name, column.GetTypeString()))], parameter, role, name);

    /// <summary>The column is of another type.</summary>
    /// <param name="parameter">What the caller calls the rows or their schema.</param>
    /// <param name="role">What the column was to be.</param>
    /// <param name="name">Its name.</param>
    /// <param name="expected">What it must be.</param>
    /// <param name="found">What it is.</param>
    /// <param name="advice">How to make what is wanted, a sentence; null for nothing.</param>
    public static ArgumentOutOfRangeException OtherType(
        string parameter,
        string role,
        string name,
        string expected,
        string found,
        string? advice = null) =>
        new(parameter, $"Schema mismatch for {role} column '{name}': expected {expected}, got {found}.{(advice is null ? "" : $" {advice}")}");

    /// <summary>How to make keys of texts or numbers.</summary>
    /// <param name="name">The column.</param>
    /// <param name="type">The type of its values.</param>
    public static string? MakeKeys(string name, DataViewType type) => type is TextDataViewType or NumberDataViewType or BooleanDataViewType
        ? $"Make keys of it before the trainer: mlContext.Transforms.Conversion.MapValueToKey(\"{name}\").Append(trainer)."
        : null;

    /// <summary>How to make images of the paths of files.</summary>
    /// <inheritdoc cref="MakeKeys"/>
    public static string? LoadFiles(string name, DataViewType type) => type is TextDataViewType
        ? $"If it has paths of files: mlContext.Transforms.LoadImages(\"Image\", imageFolder, \"{name}\").Append(...) makes a column of their images."
        : null;

    private static ArgumentOutOfRangeException Missing(
        IReadOnlyList<(string Name, string Type)> columns,
        string parameter,
        string role,
        string name)
    {
        var there = columns.Count == 0
            ? "There are no columns."
            : $"The columns are: {NearestName.List([.. columns.Select(column => $"{column.Name} ({column.Type})")])}.";
        var question = NearestName.Question(name, columns.Select(column => column.Name));
        return new(parameter, $"Could not find {role} column '{name}'.{question} {there}");
    }
}
