using Microsoft.ML.Diffusion.Data.Rows;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>The columns that a model adds to one input schema: what they read of a row, and how a batch of rows is computed.</summary>
internal sealed class OutputColumns
{
    private readonly TrainedModel _trained;
    private readonly Lazy<long> _seed;
    private readonly DataViewSchema.Column? _seedColumn;
    private readonly DataViewSchema.Column? _label;
    private readonly ImageColumn? _image;
    private readonly IReadOnlyList<OutputColumn> _added;

    /// <param name="trained">The model.</param>
    /// <param name="seed">The seed of images; asked for when the first is generated.</param>
    /// <param name="inputSchema">The schema of the rows.</param>
    public OutputColumns(TrainedModel trained, Lazy<long> seed, DataViewSchema inputSchema)
    {
        var (columns, description) = (trained.Columns, trained.Model.Description);
        (_trained, _seed, InputSchema) = (trained, seed, inputSchema);
        _added = OutputColumn.All(columns, OutputTypes.Of(description, columns.Others.LatentKind));
        _seedColumn = SeedColumn.Find(inputSchema, columns.Seed);
        _label = ClassColumn.Find(inputSchema, columns.Label, description.NumberOfClasses);
        _image = _added.Any(column => column.ReadsImage)
            ? ImageColumn.Find(inputSchema, columns.Input, columns.Pixels, description.Shape)
            : null;

        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema);
        foreach (var column in _added)
        {
            builder.AddColumn(column.Name, column.Type);
        }

        OutputSchema = builder.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    /// <summary>The input's columns, at their places, and the added ones after them.</summary>
    public DataViewSchema OutputSchema { get; }

    /// <summary>The number of rows that are computed together.</summary>
    public int BatchSize => _trained.Generation.BatchSizeFor(_trained.Model);

    /// <summary>Whether the output column at a place is an added one.</summary>
    public bool IsAdded(int index) => index >= InputSchema.Count;

    /// <summary>The added column at a place of the output schema.</summary>
    public OutputColumn Added(int index) => _added[index - InputSchema.Count];

    /// <summary>The input columns that a consumer of <paramref name="outputColumns"/> needs.</summary>
    public IEnumerable<DataViewSchema.Column> InputColumnsFor(IEnumerable<DataViewSchema.Column> outputColumns)
    {
        var places = outputColumns.Select(column => column.Index).ToList();
        var passedThrough = places.Where(index => !IsAdded(index)).Select(index => InputSchema[index]);
        return [.. passedThrough.Union(Dependencies(places))];
    }

    /// <summary>Reads of a row what its outputs at <paramref name="places"/> are computed from; null if there are no such outputs.</summary>
    public Func<RowInput>? RowReader(DataViewRow row, IEnumerable<int> places)
    {
        var added = Added(places);
        if (added.Count == 0)
        {
            return null;
        }

        var seed = added.Any(column => !column.ReadsImage) ? SeedColumn.Reader(row, _seedColumn) : null;
        var label = _label is { } labelColumn ? ClassColumn.Reader(row, labelColumn) : null;
        var pixels = _image is { } imageColumn && added.Any(column => column.ReadsImage)
            ? imageColumn.Reader(row, _trained.Model.Description.Shape)
            : null;
        return () => new RowInput(seed?.Invoke() ?? 0, label?.Invoke() ?? -1, pixels?.Invoke());
    }

    /// <summary>A batch of rows, of which nothing is computed yet.</summary>
    public RowBatch Batch(IReadOnlyList<RowInput> rows) =>
        new(new RowModel(_trained.Model, _trained.Generation, _seed.Value, _trained.Columns.Others, hasLabels: _label is not null), rows);

    private List<OutputColumn> Added(IEnumerable<int> places) => [.. places.Where(IsAdded).Select(Added)];

    private IEnumerable<DataViewSchema.Column> Dependencies(IEnumerable<int> places)
    {
        var added = Added(places);
        DataViewSchema.Column?[] all =
        [
            added.Any(column => !column.ReadsImage) ? _seedColumn : null,
            added.Any(column => column.ReadsImage) ? _image?.Column : null,
            added.Count > 0 ? _label : null,
        ];
        return all.OfType<DataViewSchema.Column>();
    }
}
