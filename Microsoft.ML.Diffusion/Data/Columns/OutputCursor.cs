using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Rows;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>
/// Walks the rows of an input cursor. If an added column is active it reads a batch of rows ahead, keeping their active columns,
/// and computes that column for the whole batch when its first value is asked for. What was kept of a row is freed when the next is asked for.
/// </summary>
internal sealed class OutputCursor : DataViewRowCursor
{
    /// <summary>
    /// The native memory of kept images for each row of a batch: larger ones, beyond 362 pixels square, make the batch shorter, at the cost of network calls.
    /// </summary>
    private const long BytesOfRow = 1 << 19;

    private readonly DataViewRowCursor _input;
    private readonly OutputColumns _columns;
    private readonly HashSet<int> _active;
    private readonly int _batchSize;
    private readonly ColumnBuffer[] _buffers;
    private readonly ValueBuffer<DataViewRowId> _ids;
    private readonly List<long> _positions = [];
    private readonly List<RowInput> _rows = [];
    private readonly Func<RowInput>? _readRow;
    private RowBatch? _batch;
    private int _current = -1;

    public OutputCursor(DataViewRowCursor input, OutputColumns columns, HashSet<int> active)
    {
        (_input, _columns, _active) = (input, columns, active);
        _readRow = columns.RowReader(input, active);
        _batchSize = _readRow is null ? 1 : columns.BatchSize;
        _buffers = new ColumnBuffer[columns.InputSchema.Count];
        foreach (var index in active.Where(index => !columns.IsAdded(index)))
        {
            _buffers[index] = ColumnBuffer.Create(input, columns.InputSchema[index]);
        }

        _ids = new ValueBuffer<DataViewRowId>(input.GetIdGetter());
    }

    public override DataViewSchema Schema => _columns.OutputSchema;

    public override long Batch => _input.Batch;

    public override long Position => _current < 0 ? -1 : _positions[_current];

    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    public override bool MoveNext()
    {
        if (_current + 1 < _positions.Count)
        {
            Release();
            _current++;
            return true;
        }

        if (Fill())
        {
            _current = 0;
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

        if (_columns.IsAdded(column.Index))
        {
            return (ValueGetter<TValue>)_columns.Added(column.Index).Getter(() => (_batch ??= _columns.Batch(_rows), Row()));
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
        var bytes = 0L;
        while (_positions.Count < _batchSize && bytes < BytesOfRow * _batchSize && _input.MoveNext())
        {
            _positions.Add(_input.Position);
            _ids.Keep();
            foreach (var buffer in _buffers)
            {
                bytes += buffer?.Keep() ?? 0;
            }

            if (_readRow is not null)
            {
                _rows.Add(_readRow());
            }
        }

        return _positions.Count > 0;
    }

    private void Release()
    {
        if (_current >= 0)
        {
            foreach (var buffer in _buffers)
            {
                buffer?.Release(_current);
            }
        }
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

        _batch = null;
    }

    private int Row() => _current >= 0 ? _current : throw new InvalidOperationException("The cursor is not on a row: call MoveNext first.");
}
