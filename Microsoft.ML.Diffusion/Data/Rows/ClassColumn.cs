using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>A key column read as classes: key 1..K is class 0..K-1, a missing key is no class (-1).</summary>
internal static class ClassColumn
{
    public const string ExpectedType = "Key<UInt32>, Key<Byte>, Key<UInt16> or Key<UInt64>";

    /// <summary>The column of that name, whose keys are the classes of a model.</summary>
    /// <param name="schema">The schema of the rows.</param>
    /// <param name="name">The name of the column; null for none.</param>
    /// <param name="classes">The number of classes.</param>
    /// <param name="parameter">What the caller calls the rows or their schema.</param>
    /// <param name="isNeeded">Whether rows without such a column are refused.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is none, or its keys are others.</exception>
    public static DataViewSchema.Column? Find(
        DataViewSchema schema,
        string? name,
        int classes,
        string parameter = "inputSchema",
        bool isNeeded = false)
    {
        if (name is null)
        {
            return null;
        }

        if (schema.GetColumnOrNull(name) is not { } column)
        {
            return isNeeded ? throw ColumnErrors.Missing(schema, parameter, "label", name) : null;
        }

        return column.Type is KeyDataViewType key && key.Count == (ulong)classes
            ? column
            : throw ColumnErrors.OtherType(parameter, "label", name, $"a key of {classes} values", column.Type.ToString()!);
    }

    /// <summary>The column of that name, whose keys are classes to be learned.</summary>
    /// <param name="schema">The schema of the rows.</param>
    /// <param name="name">The name of the column; null for none.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is none, or it has no keys.</exception>
    public static DataViewSchema.Column? FindToLearn(DataViewSchema schema, string? name)
    {
        const string parameter = "inputSchema";
        if (name is null)
        {
            return null;
        }

        var column = schema.GetColumnOrNull(name) ?? throw ColumnErrors.Missing(schema, parameter, "label", name);
        return column.Type is KeyDataViewType
            ? column
            : throw ColumnErrors.OtherType(
                parameter,
                "label",
                name,
                ExpectedType,
                column.Type.ToString()!,
                ColumnErrors.MakeKeys(name, column.Type));
    }

    public static Func<int> Reader(DataViewRow row, DataViewSchema.Column column)
    {
        var count = ((KeyDataViewType)column.Type).Count;
        return column.Type.RawType switch
        {
            var type when type == typeof(byte) => Reader<byte>(row, column, count, key => key),
            var type when type == typeof(ushort) => Reader<ushort>(row, column, count, key => key),
            var type when type == typeof(uint) => Reader<uint>(row, column, count, key => key),
            _ => Reader<ulong>(row, column, count, key => key),
        };
    }

    /// <summary>The names of the classes, from the column's key values where it has them, else 0, 1, ....</summary>
    /// <exception cref="ArgumentOutOfRangeException">They are more, or their names longer, than a model can have.</exception>
    public static IReadOnlyList<string> Names(DataViewSchema.Column column)
    {
        Limits.CheckClassCount(((KeyDataViewType)column.Type).Count, nameof(DiffusionOptions.LabelColumnName));
        var names = AllNames(column);
        Limits.CheckClassNames(names, nameof(DiffusionOptions.LabelColumnName));
        return names;
    }

    private static IReadOnlyList<string> AllNames(DataViewSchema.Column column)
    {
        var count = (int)((KeyDataViewType)column.Type).Count;
        if (column.Annotations.Schema.GetColumnOrNull("KeyValues") is { Type: VectorDataViewType { ItemType: TextDataViewType } })
        {
            var values = default(VBuffer<ReadOnlyMemory<char>>);
            column.GetKeyValues(ref values);
            return [.. values.DenseValues().Select(name => name.ToString())];
        }

        return [.. Enumerable.Range(0, count).Select(index => index.ToString(System.Globalization.CultureInfo.InvariantCulture))];
    }

    /// <summary>The annotation of a key column that names its classes.</summary>
    public static DataViewSchema.Annotations KeyValues(IReadOnlyList<string> names)
    {
        var builder = new DataViewSchema.Annotations.Builder();
        ValueGetter<VBuffer<ReadOnlyMemory<char>>> get = (ref VBuffer<ReadOnlyMemory<char>> values) =>
            values = new VBuffer<ReadOnlyMemory<char>>(names.Count, [.. names.Select(name => name.AsMemory())]);
        builder.AddKeyValues(names.Count, TextDataViewType.Instance, get);
        return builder.ToAnnotations();
    }

    private static Func<int> Reader<TKey>(DataViewRow row, DataViewSchema.Column column, ulong count, Func<TKey, ulong> widen)
    {
        var get = row.GetGetter<TKey>(column);
        TKey key = default!;
        return () =>
        {
            get(ref key);
            var value = widen(key);
            return value <= count
                ? (int)value - 1
                : throw new InvalidOperationException(
                    $"Row {row.Position}: key {value} of column '{column.Name}' is out of range, expected 1 to {count}, or 0 for none.");
        };
    }
}
