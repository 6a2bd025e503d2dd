using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>Keeps values of which nobody has to dispose any.</summary>
internal sealed class ValueBuffer<TValue>(ValueGetter<TValue> input) : ColumnBuffer<TValue>
{
    private static readonly Func<TValue, TValue> _copy = Copier();

    private readonly List<TValue> _values = [];
    private TValue _value = default!;

    public override long Keep()
    {
        input(ref _value);
        _values.Add(_copy(_value));
        return 0;
    }

    public override void Get(int row, ref TValue value) => value = _copy(_values[row]);

    public override void Release(int row) => _values[row] = default!;

    public override void Clear() => _values.Clear();

    // Values that point into buffers of the input are copied; all others are values already.
    private static Func<TValue, TValue> Copier()
    {
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
