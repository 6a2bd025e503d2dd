namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>Rows that are found by their number, so that a cursor can take them in any order and skips what nobody asks for.</summary>
/// <param name="schema">The schema of the rows.</param>
/// <param name="count">Their number.</param>
/// <param name="isParallel">Whether several cursors may share the work; not where what makes a row uses all cores already.</param>
internal abstract class IndexedDataView(DataViewSchema schema, int count, bool isParallel) : IDataView
{
    public bool CanShuffle => true;

    public DataViewSchema Schema => schema;

    public long? GetRowCount() => count;

    public DataViewRowCursor GetRowCursor(
        IEnumerable<DataViewSchema.Column> columnsNeeded,
        Random? rand = null) => GetRowCursorSet(columnsNeeded, 1, rand)[0];

    /// <summary>Deals the rows out in blocks, whose numbers lead back to their order.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        rand?.Shuffle(order);
        HashSet<int> active = [.. columnsNeeded.Select(column => column.Index)];
        var blocks = order.Chunk(IndexedCursor.BlockRows).ToArray();
        var cursors = isParallel ? Math.Clamp(n, 1, Math.Max(1, blocks.Length)) : 1;
        return [.. Enumerable.Range(0, cursors).Select(cursor =>
            new IndexedCursor(
                schema,
                [.. blocks.Where((_, block) => block % cursors == cursor).SelectMany(rows => rows)],
                active,
                GetterOf) { FirstBlock = cursor, BlocksApart = cursors })];
    }

    /// <summary>Makes the <see cref="ValueGetter{TValue}"/> of a column for one cursor.</summary>
    protected abstract Delegate GetterOf(int column, IndexedCursor cursor);
}
