namespace Microsoft.ML.Diffusion.Data;

/// <summary>The columns that a model was trained with and answers with.</summary>
/// <param name="Output">The generated images.</param>
/// <param name="Input">The images to learn from.</param>
/// <param name="Label">Their classes.</param>
/// <param name="Seed">Each row's seed.</param>
internal sealed record TransformerColumns(string Output, string Input, string? Label, string? Seed);
