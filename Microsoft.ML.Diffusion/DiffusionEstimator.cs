using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Columns;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Planning;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion;

/// <summary>Learns to generate images like those in a column.</summary>
/// <remarks>
/// <format type="text/markdown"><![CDATA[
/// ### Characteristics
/// |  |  |
/// | -- | -- |
/// | Does this estimator need to look at the data to train its parameters? | Yes |
/// | Input column data type | <xref:Microsoft.ML.Data.MLImage>, or a known-size vector of <xref:System.Single> with dimensions [C, H, W] as ExtractPixels makes it |
/// | Output column data type | <xref:Microsoft.ML.Data.MLImage> |
/// | Required NuGet in addition to Microsoft.ML | Microsoft.ML.Diffusion; for a GPU also a TorchSharp-cuda package |
/// | Exportable to ONNX | The model that it trains, by <xref:Microsoft.ML.Diffusion.DiffusionCatalog.SaveOnnx*> |
///
/// ### Output columns
/// | Name | Type | Description |
/// | -- | -- | -- |
/// | the output column | <xref:Microsoft.ML.Data.MLImage> | One generated image for each row, generated when it is asked for. |
/// | those that <xref:Microsoft.ML.Diffusion.OutputColumnOptions> names | see there | Reconstructions, latents and scores of the input column's images, or pixels. |
/// ]]></format>
/// </remarks>
public sealed partial class DiffusionEstimator : IEstimator<DiffusionTransformer>
{
    private readonly IHost _host;
    private readonly string _inputColumnName;
    private readonly DiffusionOptions _options;
    private readonly TransformerColumns _columns;
    private readonly TimeBudget? _budget;

    internal DiffusionEstimator(IHostEnvironment environment, string outputColumnName, string inputColumnName, DiffusionOptions options)
    {
        _host = environment.Register(nameof(DiffusionEstimator));
        ArgumentException.ThrowIfNullOrEmpty(outputColumnName);
        ArgumentException.ThrowIfNullOrEmpty(inputColumnName);
        ArgumentNullException.ThrowIfNull(options);
        _columns =
            new TransformerColumns(
                outputColumnName,
                inputColumnName,
                options.LabelColumnName,
                options.SeedColumnName,
                options.OutputColumns,
                options.Pixels);
        options.Validate();
        _columns.Validate();
        (_inputColumnName, _options) = (inputColumnName, options);
    }

    internal DiffusionEstimator(IHostEnvironment environment, string outputColumnName, string inputColumnName, TimeBudget budget)
        : this(environment, outputColumnName, inputColumnName, budget.Given) => _budget = budget;

    /// <summary>How the model that training starts from teaches its student; null where images alone are learned from.</summary>
    internal TeachingOptions? Teaching { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        $"Diffusion trainer from {_inputColumnName} to {_columns.Output}: {(_budget is null ? _options.Network : _budget)}, {_options.Schedule}, {_options.Prediction} prediction";

    /// <summary>Promises the schema that the trained model's <see cref="DiffusionTransformer.Transform"/> will deliver.</summary>
    /// <param name="inputSchema">The schema of the input.</param>
    /// <returns>The input's columns and the output columns; the size of images is known if the input column's is.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or of another type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        if (!inputSchema.TryFindColumn(_inputColumnName, out var image))
        {
            throw ColumnErrors.Missing(inputSchema, nameof(inputSchema), "input", _inputColumnName);
        }

        var isVector = image.Kind == SchemaShape.Column.VectorKind.Vector && image.ItemType == NumberDataViewType.Single;
        if (!isVector && !(image.Kind == SchemaShape.Column.VectorKind.Scalar && image.ItemType is ImageDataViewType))
        {
            throw ColumnErrors.OtherType(
                nameof(inputSchema),
                "input",
                _inputColumnName,
                ImageColumn.ExpectedType,
                image.GetTypeString(),
                ColumnErrors.LoadFiles(_inputColumnName, image.ItemType));
        }

        if (_options.LabelColumnName is { } labelName)
        {
            if (!inputSchema.TryFindColumn(labelName, out var label))
            {
                throw ColumnErrors.Missing(inputSchema, nameof(inputSchema), "label", labelName);
            }

            if (!label.IsKey || label.Kind != SchemaShape.Column.VectorKind.Scalar)
            {
                throw ColumnErrors.OtherType(
                    nameof(inputSchema),
                    "label",
                    labelName,
                    ClassColumn.ExpectedType,
                    label.GetTypeString(),
                    label.Kind == SchemaShape.Column.VectorKind.Scalar ? ColumnErrors.MakeKeys(labelName, label.ItemType) : null);
            }
        }

        if (_options.SeedColumnName is { } seedName)
        {
            if (!inputSchema.TryFindColumn(seedName, out var seed))
            {
                throw ColumnErrors.Missing(inputSchema, nameof(inputSchema), "seed", seedName);
            }

            if (seed.Kind != SchemaShape.Column.VectorKind.Scalar || seed.IsKey || !SeedColumn.IsSeed(seed.ItemType))
            {
                throw ColumnErrors.OtherType(nameof(inputSchema), "seed", seedName, SeedColumn.ExpectedType, seed.GetTypeString());
            }
        }

        var columns = inputSchema.ToDictionary(column => column.Name);
        foreach (var added in OutputColumn.All(
            _columns,
            OutputTypes.Promised(image.ItemType as ImageDataViewType ?? new ImageDataViewType())))
        {
            columns[added.Name] = added.Type is VectorDataViewType vector
                ? new SchemaShape.Column(added.Name, SchemaShape.Column.VectorKind.Vector, vector.ItemType, isKey: false)
                : new SchemaShape.Column(added.Name, SchemaShape.Column.VectorKind.Scalar, added.Type, isKey: false);
        }

        return new SchemaShape(columns.Values);
    }

    private (ImageColumn Image, DataViewSchema.Column? Label) Columns(DataViewSchema schema)
    {
        var image = ImageColumn.Find(schema, _inputColumnName, _options.Pixels, shape: null);
        _ = SeedColumn.Find(schema, _options.SeedColumnName); // not read to train, but the model would miss it at once
        return (image, ClassColumn.FindToLearn(schema, _options.LabelColumnName));
    }
}
