using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>Walks numbered rows in a given order. A row keeps its id in any.</summary>
/// <param name="schema">The schema of the rows.</param>
/// <param name="order">The number of each row, in the order of the walk.</param>
/// <param name="active">The columns asked for.</param>
/// <param name="getterOf">Makes the getter of a column.</param>
internal sealed class IndexedCursor(
    DataViewSchema schema,
    int[] order,
    HashSet<int> active,
    Func<int, IndexedCursor, Delegate> getterOf) : DataViewRowCursor
{
    /// <summary>Rows that come from one cursor, one after the other.</summary>
    public const int BlockRows = 32;

    private readonly Dictionary<int, Delegate> _getters = [];
    private int _position = -1;

    public override DataViewSchema Schema => schema;

    /// <summary>Gets the number of the block that the current row is in: those of all cursors in their order are the rows in theirs.</summary>
    public override long Batch => FirstBlock + (Math.Max(0, _position) / BlockRows * BlocksApart);

    /// <summary>Gets the number of the cursor's first block.</summary>
    public int FirstBlock { get; init; }

    /// <summary>Gets how far its blocks are apart.</summary>
    public int BlocksApart { get; init; } = 1;

    public override long Position => _position;

    /// <summary>Gets the number of the current row.</summary>
    public int Row => order[Place];

    /// <summary>Gets the place of the current row in the order.</summary>
    public int Place =>
        _position >= 0 ? _position : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first.");

    /// <summary>The numbers of rows that come in a row from a place on, fewer at the end.</summary>
    public ReadOnlySpan<int> Rows(int place, int count) => order.AsSpan(place, Math.Min(count, order.Length - place));

    public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

    public override bool MoveNext()
    {
        _position = _position + 1 < order.Length ? _position + 1 : -1;
        if (_position < 0)
        {
            order = []; // the end is final
        }

        return _position >= 0;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)Row, 0);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
        {
            throw new InvalidOperationException($"Column '{column.Name}' was not asked for when this cursor was made.");
        }

        if (!_getters.TryGetValue(column.Index, out var getter))
        {
            _getters.Add(column.Index, getter = getterOf(column.Index, this));
        }

        return getter as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
    }
}
