using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Data.Columns;

namespace Microsoft.ML.Diffusion;

/// <content>The model as a step of a pipeline.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Makes a model that adds other columns. It shares the weights, which stay until both models are disposed.</summary>
    /// <param name="columns">The columns to add besides the generated images, in place of those that this model adds.</param>
    /// <param name="inputColumnName">The column of images that they look at; <see langword="null"/> is the one that the model was trained with.</param>
    /// <param name="outputColumnName">The column of generated images; <see langword="null"/> is this model's.</param>
    /// <param name="seedColumnName">
    /// The column of integers that decide the images of rows, as <see cref="DiffusionOptions.SeedColumnName"/> says; <see langword="null"/> is this model's,
    /// or the rows' ids where it has none.
    /// </param>
    /// <returns>The other model, the caller's to dispose. It is saved and loaded with these columns.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range, or two columns have one name.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionTransformer WithColumns(
        OutputColumnOptions columns,
        string? inputColumnName = null,
        string? outputColumnName = null,
        string? seedColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(columns);
        columns.ValidateFor(Schedule);
        var now = Trained.Columns;
        var all = now with
        {
            Input = inputColumnName ?? now.Input,
            Output = outputColumnName ?? now.Output,
            Seed = seedColumnName ?? now.Seed,
            Others = columns,
        };
        all.Validate();
        return new DiffusionTransformer(_host, Trained with { Model = Model.AddOwner(), Columns = all });
    }

    /// <summary>Makes a model that generates otherwise when it is not told. It shares the weights, which stay until both models are disposed.</summary>
    /// <param name="generation">The sampler, seed and more, in place of <see cref="Generation"/>.</param>
    /// <returns>
    /// The other model, the caller's to dispose. It is saved and loaded with these options, without what listens to a call and its token; a sampler that is
    /// not of this library cannot be saved.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public DiffusionTransformer WithGeneration(GenerationOptions generation)
    {
        ArgumentNullException.ThrowIfNull(generation);
        generation.ValidateFor(Schedule, Variance);
        return new DiffusionTransformer(_host, Trained with { Model = Model.AddOwner(), Generation = generation });
    }

    /// <summary>Adds the output columns, each computed when a consumer asks for it.</summary>
    /// <param name="input">
    /// Any rows. The images that the model learned from are not needed to generate; those to look at are, if <see cref="OutputColumnOptions"/> names
    /// columns that do.
    /// </param>
    /// <returns>The rows and the output columns. A cursor computes a batch of rows when the first value of one is asked for.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An input column that is needed is missing, or one is of another type.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return new OutputDataView(input, ColumnsFor(input.Schema));
    }

    /// <summary>Gives the schema that <see cref="Transform"/> delivers.</summary>
    /// <param name="inputSchema">The schema of the input.</param>
    /// <returns>Its columns and the output columns.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An input column that is needed is missing, or one is of another type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return ColumnsFor(inputSchema).OutputSchema;
    }

    /// <inheritdoc/>
    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new OutputRowMapper(ColumnsFor(inputSchema));

    private OutputColumns ColumnsFor(DataViewSchema inputSchema) => new(_trained, _rowSeed, inputSchema);
}
