using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>Maps one row at a time, as a prediction engine does.</summary>
internal sealed class OutputRowMapper(OutputColumns columns) : IRowToRowMapper
{
    public DataViewSchema InputSchema => columns.InputSchema;

    public DataViewSchema OutputSchema => columns.OutputSchema;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        columns.InputColumnsFor(dependingColumns);

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new Row(input, columns, [.. activeColumns.Select(active => active.Index)]);

    private sealed class Row(DataViewRow input, OutputColumns columns, HashSet<int> active) : DataViewRow
    {
        private readonly Func<RowInput>? _read = columns.RowReader(input, active);
        private RowBatch? _batch;
        private long _positionOfBatch = -1;

        public override DataViewSchema Schema => columns.OutputSchema;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column asked) =>
            columns.IsAdded(asked.Index) ? active.Contains(asked.Index) : input.IsColumnActive(columns.InputSchema[asked.Index]);

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column asked)
        {
            if (!columns.IsAdded(asked.Index))
            {
                return input.GetGetter<TValue>(columns.InputSchema[asked.Index]);
            }

            if (!active.Contains(asked.Index) || typeof(TValue) != asked.Type.RawType)
            {
                throw new InvalidOperationException(
                    $"Column '{asked.Name}' was not asked for when this row was made, or holds {asked.Type.RawType}, not {typeof(TValue)}.");
            }

            return (ValueGetter<TValue>)columns.Added(asked.Index).Getter(() => (Current(), 0));
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                input.Dispose();
            }

            base.Dispose(disposing);
        }

        // One batch for all columns of a row. A row without a position may change unseen: it is computed anew for each value.
        private RowBatch Current()
        {
            if (_batch is null || _positionOfBatch != input.Position || input.Position < 0)
            {
                (_batch, _positionOfBatch) = (columns.Batch([_read!()]), input.Position);
            }

            return _batch;
        }
    }
}
