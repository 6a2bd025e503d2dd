namespace Microsoft.ML.Diffusion.Data.Columns;

/// <summary>What the outputs of a row are computed from.</summary>
/// <param name="Seed">The sample's index within the seed of the model.</param>
/// <param name="Label">The class, -1 for none.</param>
/// <param name="Pixels">The input image as [C, H, W] in 0..255; null if there is none, or no output looks at it.</param>
internal readonly record struct RowInput(long Seed, int Label, byte[]? Pixels);
