using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>Keeps the values of one column for the rows that a cursor has read ahead.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Copies the value of the input's current row.</summary>
    /// <returns>The native memory that the copy takes, in bytes.</returns>
    public abstract long Keep();

    /// <summary>Frees the value of a row, which nobody will ask for again.</summary>
    public abstract void Release(int row);

    /// <summary>Forgets all rows.</summary>
    public abstract void Clear();

    public static ColumnBuffer Create(DataViewRow row, DataViewSchema.Column column) =>
        (ColumnBuffer)typeof(ColumnBuffer).GetMethod(
            nameof(CreateTyped),
            System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(column.Type.RawType).Invoke(null, [row, column])!;

    private static ColumnBuffer CreateTyped<TValue>(DataViewRow row, DataViewSchema.Column column) =>
        column.Type.RawType == typeof(MLImage)
            ? new ImageBuffer(ImageColumn.Getter(row, column))
            : new ValueBuffer<TValue>(row.GetGetter<TValue>(column));
}

/// <inheritdoc/>
internal abstract class ColumnBuffer<TValue> : ColumnBuffer
{
    /// <summary>Gives a row's value, a copy of the buffer's.</summary>
    public abstract void Get(int row, ref TValue value);
}
