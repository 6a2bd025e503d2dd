using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>The seed of each row: an integer column, or else the row's id.</summary>
internal static class SeedColumn
{
    public const string ExpectedType = "Int64, UInt32, Int32, UInt16, Int16, Byte or SByte";

    private static readonly HashSet<Type> _types =
        [typeof(long), typeof(uint), typeof(int), typeof(ushort), typeof(short), typeof(byte), typeof(sbyte)];

    public static bool IsSeed(DataViewType type) => type is NumberDataViewType && _types.Contains(type.RawType);

    /// <summary>The column of that name; null for none.</summary>
    public static DataViewSchema.Column? Find(DataViewSchema schema, string? name)
    {
        if (name is null)
        {
            return null;
        }

        var column = schema.GetColumnOrNull(name) ?? throw ColumnErrors.Missing(schema, "inputSchema", "seed", name);
        return IsSeed(column.Type)
            ? column
            : throw ColumnErrors.OtherType("inputSchema", "seed", name, ExpectedType, column.Type.ToString()!);
    }

    public static Func<long> Reader(DataViewRow row, DataViewSchema.Column? column) =>
        column is { } seeds ? ValueReader(row, seeds) : IdReader(row);

    private static Func<long> ValueReader(DataViewRow row, DataViewSchema.Column column) => column.Type.RawType switch
    {
        var type when type == typeof(uint) => ValueReader<uint>(row, column, value => value),
        var type when type == typeof(int) => ValueReader<int>(row, column, value => value),
        var type when type == typeof(ushort) => ValueReader<ushort>(row, column, value => value),
        var type when type == typeof(short) => ValueReader<short>(row, column, value => value),
        var type when type == typeof(byte) => ValueReader<byte>(row, column, value => value),
        var type when type == typeof(sbyte) => ValueReader<sbyte>(row, column, value => value),
        _ => ValueReader<long>(row, column, value => value),
    };

    private static Func<long> ValueReader<TValue>(DataViewRow row, DataViewSchema.Column column, Func<TValue, long> widen)
    {
        var get = row.GetGetter<TValue>(column);
        TValue value = default!;
        return () =>
        {
            get(ref value);
            return widen(value);
        };
    }

    // Of ids that share their upper half no two become one.
    private static long Mixed(DataViewRowId id) => (long)RandomStream.RowIds.Key((long)(RandomStream.RowIds.Key((long)id.High) ^ id.Low));

    // Row n of a plain source has the id (n, 0) and so is sample n of the seed; ids of other sources are mixed into one number.
    private static Func<long> IdReader(DataViewRow row)
    {
        var get = row.GetIdGetter();
        var id = default(DataViewRowId);
        return () =>
        {
            get(ref id);
            return id.High == 0 ? (long)id.Low : Mixed(id);
        };
    }
}
