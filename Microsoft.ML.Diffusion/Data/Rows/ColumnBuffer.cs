using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>Keeps the values of one column for the rows that a cursor has read ahead.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>Copies the value of the input's current row.</summary>
    public abstract void Keep();

    /// <summary>Forgets all rows.</summary>
    public abstract void Clear();

    public static ColumnBuffer Create(DataViewRow row, DataViewSchema.Column column) =>
        (ColumnBuffer)typeof(ColumnBuffer).GetMethod(
            nameof(CreateTyped),
            System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!
            .MakeGenericMethod(column.Type.RawType).Invoke(null, [row, column])!;

    /// <summary>A copy that outlives its source: an image belongs to the cursor that read it.</summary>
    public static MLImage Clone(MLImage image) => MLImage.CreateFromPixels(image.Width, image.Height, image.PixelFormat, image.Pixels);

    private static ColumnBuffer<TValue> CreateTyped<TValue>(DataViewRow row, DataViewSchema.Column column) =>
        new(row.GetGetter<TValue>(column));
}

/// <inheritdoc/>
internal sealed class ColumnBuffer<TValue>(ValueGetter<TValue> input) : ColumnBuffer
{
    private static readonly Func<TValue, TValue> _copy = Copier();

    private readonly List<TValue> _values = [];
    private TValue _value = default!;

    public override void Keep()
    {
        input(ref _value);
        _values.Add(_copy(_value));
    }

    public void Get(int row, ref TValue value) => value = _copy(_values[row]);

    public override void Clear()
    {
        foreach (var value in _values)
        {
            (value as IDisposable)?.Dispose();
        }

        _values.Clear();
    }

    // Values that point into buffers of the input are copied; all others are values already.
    private static Func<TValue, TValue> Copier()
    {
        if (typeof(TValue) == typeof(MLImage))
        {
            return value => value is null ? value : (TValue)(object)Clone((MLImage)(object)value);
        }

        if (typeof(TValue) == typeof(ReadOnlyMemory<char>))
        {
            return value => (TValue)(object)new ReadOnlyMemory<char>(((ReadOnlyMemory<char>)(object)value!).ToArray());
        }

        if (typeof(TValue).IsGenericType && typeof(TValue).GetGenericTypeDefinition() == typeof(VBuffer<>))
        {
            var copy = typeof(VectorCopy).GetMethod(nameof(VectorCopy.Of))!;
            return copy.MakeGenericMethod(typeof(TValue).GetGenericArguments()).CreateDelegate<Func<TValue, TValue>>();
        }

        return value => value;
    }
}

/// <summary>Copies of vectors.</summary>
file static class VectorCopy
{
    public static VBuffer<TItem> Of<TItem>(VBuffer<TItem> source)
    {
        var copy = default(VBuffer<TItem>);
        source.CopyTo(ref copy);
        return copy;
    }
}
