using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Data;

/// <summary>The generated image column over one input schema: what it reads of a row, and how a batch of rows is drawn.</summary>
internal sealed class GeneratedColumn
{
    private const string ExpectedSeed = "Int64, UInt32, Int32, UInt16, Int16, Byte or SByte";

    private readonly DiffusionTransformer _transformer;
    private readonly DataViewSchema.Column? _seed;
    private readonly DataViewSchema.Column? _label;

    public GeneratedColumn(IHost host, DiffusionTransformer transformer, DataViewSchema inputSchema)
    {
        (_transformer, InputSchema) = (transformer, inputSchema);
        _seed = SeedColumn(host, inputSchema, transformer.Columns.Seed);
        _label = LabelColumn(host, inputSchema, transformer);

        var builder = new DataViewSchema.Builder();
        builder.AddColumns(inputSchema);
        builder.AddColumn(transformer.Columns.Output, new ImageDataViewType(transformer.ImageHeight, transformer.ImageWidth));
        OutputSchema = builder.ToSchema();
    }

    public DataViewSchema InputSchema { get; }

    /// <summary>The input's columns, at their places, and the generated one after them.</summary>
    public DataViewSchema OutputSchema { get; }

    /// <summary>The place of the generated column.</summary>
    public int Index => InputSchema.Count;

    /// <summary>The number of rows that are drawn together.</summary>
    public int BatchSize => _transformer.Generation.BatchSizeOn(_transformer.Model.Device);

    /// <summary>The input columns that the generated one is drawn from.</summary>
    public IEnumerable<DataViewSchema.Column> Dependencies => new[] { _seed, _label }.OfType<DataViewSchema.Column>();

    /// <summary>The input columns that a consumer of <paramref name="outputColumns"/> needs.</summary>
    public IEnumerable<DataViewSchema.Column> InputColumnsFor(IEnumerable<DataViewSchema.Column> outputColumns)
    {
        var needed = outputColumns.ToList();
        var passedThrough = needed.Where(column => column.Index < Index).Select(column => InputSchema[column.Index]);
        return needed.Any(column => column.Index == Index) ? [.. passedThrough.Union(Dependencies)] : passedThrough;
    }

    /// <summary>Reads what a row is drawn from: its seed and its class (-1 for none).</summary>
    public Func<(long Seed, int Label)> RowReader(DataViewRow row)
    {
        var seed = _seed is { } seedColumn ? SeedReader(row, seedColumn) : IdReader(row);
        var label = _label is { } labelColumn ? ClassColumn.Reader(row, labelColumn) : null;
        return () => (seed(), label?.Invoke() ?? -1);
    }

    /// <summary>Draws the images of rows, each alone decided by its own seed and class.</summary>
    public MLImage[] Draw(IReadOnlyList<(long Seed, int Label)> rows)
    {
        using var scope = NewDisposeScope();
        var labels = _label is null ? null : rows.Select(row => row.Label).ToList();
        return PixelTensors.ToImages(_transformer.DrawRows([.. rows.Select(row => row.Seed)], labels), _transformer.Model.Description.Shape);
    }

    private static DataViewSchema.Column? SeedColumn(IHost host, DataViewSchema schema, string? name)
    {
        if (name is null)
        {
            return null;
        }

        var column = schema.GetColumnOrNull(name) ?? throw host.ExceptSchemaMismatch("inputSchema", "seed", name);
        return column.Type is NumberDataViewType && column.Type.RawType is { } type && (type == typeof(long) || type == typeof(uint) || type == typeof(int) || type == typeof(ushort) || type == typeof(short) || type == typeof(byte) || type == typeof(sbyte))
            ? column
            : throw host.ExceptSchemaMismatch("inputSchema", "seed", name, ExpectedSeed, column.Type.ToString()!);
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

    private static Func<long> SeedReader(DataViewRow row, DataViewSchema.Column column) => column.Type.RawType switch
    {
        var type when type == typeof(uint) => Reader<uint>(row, column, value => value),
        var type when type == typeof(int) => Reader<int>(row, column, value => value),
        var type when type == typeof(ushort) => Reader<ushort>(row, column, value => value),
        var type when type == typeof(short) => Reader<short>(row, column, value => value),
        var type when type == typeof(byte) => Reader<byte>(row, column, value => value),
        var type when type == typeof(sbyte) => Reader<sbyte>(row, column, value => value),
        _ => Reader<long>(row, column, value => value),
    };

    private static Func<long> Reader<TValue>(DataViewRow row, DataViewSchema.Column column, Func<TValue, long> widen)
    {
        var get = row.GetGetter<TValue>(column);
        TValue value = default!;
        return () =>
        {
            get(ref value);
            return widen(value);
        };
    }

    // Row n of a plain source has the id (n, 0) and so is sample n of the seed; ids of other sources are mixed into one number.
    private static Func<long> IdReader(DataViewRow row)
    {
        var get = row.GetIdGetter();
        var id = default(DataViewRowId);
        return () =>
        {
            get(ref id);
            return id.High == 0 ? (long)id.Low : (long)SeedMixing.Mix((long)id.High, (long)id.Low);
        };
    }
}
