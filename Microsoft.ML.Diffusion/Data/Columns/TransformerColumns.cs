using Microsoft.ML.Diffusion.Data.Rows;

namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>The columns that a model was trained with and answers with.</summary>
/// <param name="Output">The generated images.</param>
/// <param name="Input">The images to learn from.</param>
/// <param name="Label">Their classes.</param>
/// <param name="Seed">Each row's seed.</param>
/// <param name="Others">The other columns that the model answers with.</param>
/// <param name="Pixels">How vectors say pixels, the input's and those of outputs.</param>
internal sealed record TransformerColumns(
    string Output,
    string Input,
    string? Label,
    string? Seed,
    OutputColumnOptions Others,
    PixelEncoding Pixels)
{
    /// <exception cref="ArgumentOutOfRangeException">Two columns have one name.</exception>
    public void Validate()
    {
        if (Output == Input)
        {
            throw new ArgumentOutOfRangeException(
                "outputColumnName",
                Output,
                "outputColumnName must differ from inputColumnName, because the images to learn from would be hidden behind the generated ones.");
        }

        var used = new HashSet<string> { Output, Input };
        foreach (var name in Others.Names)
        {
            if (!used.Add(name))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(DiffusionOptions.OutputColumns),
                    name,
                    "OutputColumns must name columns that differ from each other, from outputColumnName and from inputColumnName, because one would hide the other.");
            }
        }
    }
}
