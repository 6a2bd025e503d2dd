namespace Microsoft.ML.Diffusion.Data.Rows;

/// <summary>Rows that are found by their number, so that a cursor can take them in any order and skips what nobody asks for.</summary>
internal abstract class IndexedDataView(DataViewSchema schema, int count) : IDataView
{
    public bool CanShuffle => true;

    public DataViewSchema Schema => schema;

    public long? GetRowCount() => count;

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        int[] order = [.. Enumerable.Range(0, count)];
        rand?.Shuffle(order);
        return new IndexedCursor(schema, order, [.. columnsNeeded.Select(column => column.Index)], GetterOf);
    }

    // One cursor: what makes a row uses all cores already.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];

    /// <summary>Makes the <see cref="ValueGetter{TValue}"/> of a column for one cursor.</summary>
    protected abstract Delegate GetterOf(int column, IndexedCursor cursor);
}
