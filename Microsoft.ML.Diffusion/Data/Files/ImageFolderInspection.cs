using System.Globalization;

namespace Microsoft.ML.Diffusion;

/// <summary>What pictures a folder holds: <see cref="DiffusionCatalog.InspectImages"/>. Its text is one fact a line.</summary>
/// <param name="Count">Number of pictures that can be read.</param>
/// <param name="GreyCount">Number of those without colour.</param>
/// <param name="Sizes">Their sizes, the commonest first.</param>
/// <param name="Classes">The folders directly below that hold any, in ordinal order: their names are the classes.</param>
/// <param name="Skipped">The files that are no pictures, each with the reason, in the ordinal order of their paths.</param>
public sealed record ImageFolderInspection(
    int Count,
    int GreyCount,
    IReadOnlyList<ImageSizeCount> Sizes,
    IReadOnlyList<ImageClassCount> Classes,
    IReadOnlyList<SkippedFile> Skipped)
{
    private const int NamedSizes = 5;

    /// <inheritdoc/>
    public override string ToString()
    {
        var sizes = string.Join(", ", Sizes.Take(NamedSizes)) + (Sizes.Count > NamedSizes ? $" and {Sizes.Count - NamedSizes} more sizes" : "");
        var beside = Count - Classes.Sum(one => one.Count);
        return string.Create(CultureInfo.InvariantCulture, $"""
            Pictures  {Count}: {GreyCount} grey, {Count - GreyCount} coloured
            Sizes     {(Count == 0 ? "none" : sizes)}
            Classes   {(Classes.Count == 0 ? "none" : $"{Classes.Count}: {string.Join(", ", Classes)}{(beside > 0 ? $"; {beside} beside the folders" : "")}")}
            Skipped   {Skipped.Count}
            """).ReplaceLineEndings("\n");
    }
}

/// <summary>How many pictures have a size.</summary>
/// <param name="Width">Width in pixels of the upright picture.</param>
/// <param name="Height">Height in pixels of the upright picture.</param>
/// <param name="Count">Number of pictures.</param>
public sealed record ImageSizeCount(int Width, int Height, int Count)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Count} of {Width}x{Height}";
}

/// <summary>How many pictures are of a class.</summary>
/// <param name="Name">The name of the folder.</param>
/// <param name="Count">Number of pictures in it and below.</param>
public sealed record ImageClassCount(string Name, int Count)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Count}";
}
