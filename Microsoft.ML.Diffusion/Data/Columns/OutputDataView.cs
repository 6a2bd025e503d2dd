namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>Rows with what a model adds to them, computed in batches behind the cursor of a consumer that asks for it.</summary>
internal sealed class OutputDataView(IDataView source, OutputColumns columns) : IDataView
{
    public bool CanShuffle => source.CanShuffle;

    public DataViewSchema Schema => columns.OutputSchema;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var needed = columnsNeeded.ToList();
        var input = source.GetRowCursor(columns.InputColumnsFor(needed), rand);
        return new OutputCursor(input, columns, [.. needed.Select(column => column.Index)]);
    }

    // One cursor: the network already uses all cores, and batches want neighbouring rows.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
