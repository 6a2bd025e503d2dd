namespace Microsoft.ML.Diffusion.Data;

/// <summary>Rows with a generated image, drawn in batches behind the cursor of a consumer that asks for it.</summary>
internal sealed class GeneratedDataView(IDataView source, GeneratedColumn column) : IDataView
{
    public bool CanShuffle => source.CanShuffle;

    public DataViewSchema Schema => column.OutputSchema;

    public long? GetRowCount() => source.GetRowCount();

    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        var needed = columnsNeeded.ToList();
        var input = source.GetRowCursor(column.InputColumnsFor(needed), rand);
        return new GeneratedCursor(input, column, [.. needed.Select(needed => needed.Index)]);
    }

    // One cursor: the network already uses all cores, and batches want neighbouring rows.
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
        [GetRowCursor(columnsNeeded, rand)];
}
