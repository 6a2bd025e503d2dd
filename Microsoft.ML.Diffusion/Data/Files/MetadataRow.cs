namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>What a line of a metadata file says of images.</summary>
/// <param name="Line">Its number, from 1.</param>
/// <param name="Names">The images, from the folder of the metadata file.</param>
/// <param name="Label">Their class; null where it has none.</param>
internal readonly record struct MetadataRow(int Line, IReadOnlyList<string> Names, string? Label);
