using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Walks picture files in some order. A row's id is its place in the folder, whatever the order.</summary>
internal sealed class ImageFolderCursor(ImageFolderDataView view, HashSet<int> active, int[] order) : DataViewRowCursor
{
    private int _next;

    public override DataViewSchema Schema => view.Schema;

    public override long Batch => 0;

    public override long Position => _next is 0 || _next > order.Length ? -1 : _next - 1;

    public override bool IsColumnActive(DataViewSchema.Column column) => active.Contains(column.Index);

    public override bool MoveNext()
    {
        _next = Math.Min(_next, order.Length) + 1;
        return _next <= order.Length;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new((ulong)Row(), 0);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
        {
            throw new InvalidOperationException($"Column '{column.Name}' was not asked for when this cursor was made.");
        }

        Delegate getter = column.Index switch
        {
            0 => (ValueGetter<MLImage>)Image,
            1 => (ValueGetter<ReadOnlyMemory<char>>)((ref ReadOnlyMemory<char> path) => path = view.PathOf(Row()).AsMemory()),
            _ => (ValueGetter<uint>)((ref uint label) => label = view.LabelOf(Row())),
        };
        return getter as ValueGetter<TValue> ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
    }

    // As ML.NET's own LoadImages does it: the image of the row before makes room for this one.
    private void Image(ref MLImage image)
    {
        image?.Dispose();
        image = null!;
        image = view.ImageOf(Row());
    }

    private int Row() => Position >= 0 ? order[Position] : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first.");
}
