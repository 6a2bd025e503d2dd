using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>The ways between pictures, a row each.</summary>
public static class InterpolationSheet
{
    /// <summary>How the paths of a sheet with both kinds are told apart.</summary>
    public const string Legend = "from left to right, each pair first along the sphere, then straight";

    /// <summary>Draws the way from picture to picture, in pairs: a row for each path.</summary>
    /// <param name="model">The model.</param>
    /// <param name="ends">At least two pictures of the model's size: from the first to the second, from the third to the fourth, and so on. One left over is not used.</param>
    /// <param name="columns">Pictures of a row between the ends, at least 2; their first and last are the ends as the model makes them.</param>
    /// <param name="paths">How each pair's rows are drawn, from above.</param>
    /// <param name="progress">Is told the share of the rows done; may be <see langword="null"/>.</param>
    /// <returns>A grid of <paramref name="columns"/> + 2 columns; the first and the last are the pictures themselves.</returns>
    /// <exception cref="ArgumentException">There are fewer than two pictures, or no paths.</exception>
    public static MLImage Draw(
        DiffusionTransformer model,
        IReadOnlyList<MLImage> ends,
        int columns,
        IReadOnlyList<InterpolationOptions> paths,
        IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(ends);
        ArgumentNullException.ThrowIfNull(paths);
        if (ends.Count < 2 || paths.Count == 0)
        {
            throw new ArgumentException(
                "An interpolation needs two pictures at least, and a path between them.",
                ends.Count < 2 ? nameof(ends) : nameof(paths));
        }

        var rows =
            ends.Chunk(2)
                .Where(pair => pair.Length == 2)
                .SelectMany(pair => paths.Select(path => (From: pair[0], To: pair[1], Path: path)))
                .ToList();
        var cells = new List<MLImage>();
        foreach (var (from, to, path) in rows)
        {
            cells.AddRange([from, .. model.Interpolate(from, to, columns, path with { BatchSize = path.BatchSize ?? columns }), to]);
            progress?.Report((double)cells.Count / (rows.Count * (columns + 2)));
        }

        return ImageGrid.Create(cells, columns + 2, padding: 1);
    }
}
