using System.Reflection;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Schemas and values of rows as texts that can be compared.</summary>
internal static class Schemas
{
    public static SchemaShape Shape(DataViewSchema schema) =>
        (SchemaShape)typeof(SchemaShape).GetMethod("Create", BindingFlags.NonPublic | BindingFlags.Static)!.Invoke(null, [schema])!;

    /// <summary>Each column's name, kind, type and annotations.</summary>
    public static string[] Describe(SchemaShape shape) =>
        [.. shape.Select(
            column =>
                $"{column.Name}: {column.Kind} {column.ItemType} {column.IsKey} [{string.Join(", ", Describe(column.Annotations))}]").Distinct()];

    /// <summary>Each column's name, whether it is hidden, type with dimensions, and annotations with their values.</summary>
    public static string[] Describe(DataViewSchema schema) =>
        [.. schema.Select(
            column =>
                $"{column.Name}{(column.IsHidden ? " (hidden)" : "")}: {column.Type} [{string.Join(", ", column.Annotations.Schema.Select(annotation => $"{annotation.Name} {annotation.Type} {Value(column.Annotations, annotation)}"))}]")];

    /// <summary>Each row's id and all values of the columns that are not hidden.</summary>
    public static string[] Values(IDataView rows)
    {
        var columns = rows.Schema.Where(column => !column.IsHidden).ToList();
        using var cursor = rows.GetRowCursor(columns);
        var (id, values) = (cursor.GetIdGetter(), columns.ConvertAll(column => Reader(cursor, column)));
        var all = new List<string>();
        while (cursor.MoveNext())
        {
            var rowId = default(DataViewRowId);
            id(ref rowId);
            all.Add($"{rowId}: {string.Join(" | ", values.Select(value => value()))}");
        }

        return [.. all];
    }

    private static Func<string> Reader(DataViewRow row, DataViewSchema.Column column) =>
        (Func<string>)typeof(Schemas).GetMethod(
            nameof(TypedReader),
            BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(column.Type.RawType).Invoke(null, [row, column])!;

    private static Func<string> TypedReader<TValue>(DataViewRow row, DataViewSchema.Column column)
    {
        var get = row.GetGetter<TValue>(column);
        return () =>
        {
            TValue value = default!;
            get(ref value);
            return Text(value);
        };
    }

    private static string Text<TValue>(TValue value) => value switch
    {
        MLImage image => Pictures.Digest([image]),
        VBuffer<float> vector => string.Join(",", vector.DenseValues()),
        VBuffer<ReadOnlyMemory<char>> texts => string.Join(",", texts.DenseValues()),
        _ => $"{value}",
    };

    private static string Value(DataViewSchema.Annotations annotations, DataViewSchema.Column annotation) =>
        (string)typeof(Schemas).GetMethod(
            nameof(TypedValue),
            BindingFlags.NonPublic | BindingFlags.Static)!.MakeGenericMethod(annotation.Type.RawType).Invoke(null, [annotations, annotation])!;

    private static string TypedValue<TValue>(DataViewSchema.Annotations annotations, DataViewSchema.Column annotation)
    {
        TValue value = default!;
        annotations.GetValue(annotation.Name, ref value);
        return Text(value);
    }
}
