using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Data;

/// <summary>Maps one row at a time, as a prediction engine does.</summary>
internal sealed class GeneratedRowMapper(GeneratedColumn column) : IRowToRowMapper
{
    public DataViewSchema InputSchema => column.InputSchema;

    public DataViewSchema OutputSchema => column.OutputSchema;

    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns) =>
        column.InputColumnsFor(dependingColumns);

    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns) =>
        new Row(input, column, [.. activeColumns.Select(active => active.Index)]);

    private sealed class Row(DataViewRow input, GeneratedColumn column, HashSet<int> active) : DataViewRow
    {
        private readonly Func<(long Seed, int Label)>? _read = active.Contains(column.Index) ? column.RowReader(input) : null;

        public override DataViewSchema Schema => column.OutputSchema;

        public override long Position => input.Position;

        public override long Batch => input.Batch;

        public override bool IsColumnActive(DataViewSchema.Column asked) =>
            asked.Index == column.Index ? _read is not null : input.IsColumnActive(column.InputSchema[asked.Index]);

        public override ValueGetter<DataViewRowId> GetIdGetter() => input.GetIdGetter();

        public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column asked)
        {
            if (asked.Index != column.Index)
            {
                return input.GetGetter<TValue>(column.InputSchema[asked.Index]);
            }

            if (_read is null || typeof(TValue) != typeof(MLImage))
            {
                throw new InvalidOperationException($"Column '{asked.Name}' was not asked for when this row was made, or holds {asked.Type.RawType}, not {typeof(TValue)}.");
            }

            ValueGetter<MLImage> image = (ref MLImage value) => value = column.Draw([_read()])[0];
            return (ValueGetter<TValue>)(Delegate)image;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                input.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
