using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>The columns that a model adds to one input schema: what they read of a row, and how a batch of rows is computed.</summary>
internal sealed class OutputColumns
{
    private readonly DiffusionTransformer _transformer;
    private readonly DataViewSchema.Column? _seed;
    private readonly DataViewSchema.Column? _label;
    private readonly DataViewSchema.Column? _image;
    private readonly IReadOnlyList<OutputColumn> _added;

    public OutputColumns(IHost host, DiffusionTransformer transformer, DataViewSchema inputSchema)
    {
        var (columns, description) = (transformer.Columns, transformer.Description);
        (_transformer, InputSchema) = (transformer, inputSchema);
        _added = OutputColumn.All(columns, OutputTypes.Of(description, columns.Others.LatentKind));
        _seed = SeedColumn.Find(host, inputSchema, columns.Seed);
        _label = LabelColumn(host, inputSchema, transformer);
        _image = _added.Any(column => column.ReadsImage) ? InputColumn.Find(host, inputSchema, columns.Input, description.Shape) : null;

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
    public int BatchSize => _transformer.Generation.BatchSizeFor(_transformer.Model);

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

        var seed = added.Any(column => !column.ReadsImage) ? SeedColumn.Reader(row, _seed) : null;
        var label = _label is { } labelColumn ? ClassColumn.Reader(row, labelColumn) : null;
        var pixels = _image is { } imageColumn && added.Any(column => column.ReadsImage)
            ? InputColumn.Reader(row, imageColumn, _transformer.Description.Shape, _transformer.Columns.Pixels)
            : null;
        return () => new RowInput(seed?.Invoke() ?? 0, label?.Invoke() ?? -1, pixels?.Invoke());
    }

    /// <summary>A batch of rows, of which nothing is computed yet.</summary>
    public RowBatch Batch(IReadOnlyList<RowInput> rows) => new(_transformer.Rows(hasLabels: _label is not null), rows);

    private List<OutputColumn> Added(IEnumerable<int> places) => [.. places.Where(IsAdded).Select(Added)];

    private IEnumerable<DataViewSchema.Column> Dependencies(IEnumerable<int> places)
    {
        var added = Added(places);
        DataViewSchema.Column?[] all =
        [
            added.Any(column => !column.ReadsImage) ? _seed : null,
            added.Any(column => column.ReadsImage) ? _image : null,
            added.Count > 0 ? _label : null,
        ];
        return all.OfType<DataViewSchema.Column>();
    }

    // The labels that the model was trained with say what to draw, where the rows have them; without, it draws anything.
    private static DataViewSchema.Column? LabelColumn(IHost host, DataViewSchema schema, DiffusionTransformer transformer)
    {
        if (transformer.Columns.Label is not { } name || schema.GetColumnOrNull(name) is not { } column)
        {
            return null;
        }

        var expected = (ulong)transformer.ClassNames.Count;
        return column.Type is KeyDataViewType key && key.Count == expected
            ? column
            : throw host.ExceptSchemaMismatch("inputSchema", "label", name, $"a key of {expected} values", column.Type.ToString()!);
    }
}
