using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data;

/// <summary>
/// Walks the rows of an input cursor. If the generated column is active it reads a batch of rows ahead, keeping their active columns,
/// and draws the whole batch when its first image is asked for.
/// </summary>
internal sealed class GeneratedCursor : DataViewRowCursor
{
    private readonly DataViewRowCursor _input;
    private readonly GeneratedColumn _column;
    private readonly HashSet<int> _active;
    private readonly int _batchSize;
    private readonly ColumnBuffer[] _buffers;
    private readonly ColumnBuffer<DataViewRowId> _ids;
    private readonly List<long> _positions = [];
    private readonly List<(long Seed, int Label)> _rows = [];
    private readonly Func<(long Seed, int Label)>? _readRow;
    private MLImage[]? _images;
    private int _current = -1;

    public GeneratedCursor(DataViewRowCursor input, GeneratedColumn column, HashSet<int> active)
    {
        (_input, _column, _active) = (input, column, active);
        var generates = active.Contains(column.Index);
        _batchSize = generates ? column.BatchSize : 1;
        _readRow = generates ? column.RowReader(input) : null;
        _buffers = new ColumnBuffer[column.Index];
        foreach (var index in active.Where(index => index < column.Index))
        {
            _buffers[index] = ColumnBuffer.Create(input, column.InputSchema[index]);
        }

        _ids = new ColumnBuffer<DataViewRowId>(input.GetIdGetter());
    }

    public override DataViewSchema Schema => _column.OutputSchema;

    public override long Batch => _input.Batch;

    public override long Position => _current < 0 ? -1 : _positions[_current];

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override bool MoveNext()
    {
        if (_current + 1 < _positions.Count || Fill())
        {
            _current++;
            return true;
        }

        _current = -1;
        _positions.Clear();
        return false;
    }

    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => _ids.Get(Row(), ref id);

    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
        {
            throw new InvalidOperationException($"Column '{column.Name}' was not asked for when this cursor was made.");
        }

        if (typeof(TValue) != column.Type.RawType)
        {
            throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type.RawType}, not {typeof(TValue)}.");
        }

        if (column.Index == _column.Index)
        {
            ValueGetter<MLImage> image = (ref MLImage value) => value = ColumnBuffer.Clone(Image());
            return (ValueGetter<TValue>)(Delegate)image;
        }

        var buffer = (ColumnBuffer<TValue>)_buffers[column.Index];
        return (ref TValue value) => buffer.Get(Row(), ref value);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Forget();
            _input.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool Fill()
    {
        Forget();
        while (_positions.Count < _batchSize && _input.MoveNext())
        {
            _positions.Add(_input.Position);
            _ids.Keep();
            foreach (var buffer in _buffers)
            {
                buffer?.Keep();
            }

            if (_readRow is not null)
            {
                _rows.Add(_readRow());
            }
        }

        return _positions.Count > 0;
    }

    private void Forget()
    {
        _current = -1;
        _positions.Clear();
        _rows.Clear();
        _ids.Clear();
        foreach (var buffer in _buffers)
        {
            buffer?.Clear();
        }

        foreach (var image in _images ?? [])
        {
            image.Dispose();
        }

        _images = null;
    }

    private MLImage Image() => (_images ??= _column.Draw(_rows))[Row()];

    private int Row() => _current >= 0 ? _current : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first.");
}
