using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Runtime;

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
    /// <exception cref="ArgumentOutOfRangeException">Two columns have one name, or one has a very long name.</exception>
    public void Validate()
    {
        CheckLength(Output, "outputColumnName");
        CheckLength(Input, "inputColumnName");
        CheckLength(Label, nameof(DiffusionOptions.LabelColumnName));
        CheckLength(Seed, nameof(DiffusionOptions.SeedColumnName));
        foreach (var name in Others.Names)
        {
            CheckLength(name, nameof(DiffusionOptions.OutputColumns));
        }

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

    private static void CheckLength(string? name, string parameter) => Check.Require(
        name is null || name.Length <= Limits.NameLetters,
        parameter,
        $"{name?.Length} letters",
        $"must have at most {Limits.NameLetters} letters, because a model keeps it in its file");
}
