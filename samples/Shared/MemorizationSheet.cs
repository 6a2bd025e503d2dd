using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>The generated pictures that are nearest to a training picture, each above it: whether it is a copy, the eye decides.</summary>
public static class MemorizationSheet
{
    /// <summary>The most pairs of a sheet.</summary>
    public const int Pairs = 10;

    /// <summary>How a sheet is read.</summary>
    public const string Legend = "above, the generated pictures that are nearest to a training picture; below each, that picture";

    /// <summary>Lays the pairs out, the nearest on the left.</summary>
    /// <param name="metrics">The matches.</param>
    /// <param name="training">The rows that the matches were found in, with a column "Image".</param>
    /// <param name="generated">The generated pictures, in the order of the matches; of the size of the others.</param>
    public static MLImage Create(MemorizationMetrics metrics, IDataView training, IReadOnlyList<MLImage> generated)
    {
        ArgumentNullException.ThrowIfNull(generated);
        return Create(metrics, training, row => generated[row]);
    }

    /// <summary>As above, of generated pictures that are rows, too.</summary>
    /// <param name="metrics">The matches.</param>
    /// <param name="training">The rows that the matches were found in, with a column "Image".</param>
    /// <param name="generated">The rows of the generated pictures, with a column "Image".</param>
    public static MLImage Create(MemorizationMetrics metrics, IDataView training, IDataView generated)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        var made = PictureFolder.Pick(generated, metrics.Nearest(Pairs).Select(match => match.Row).ToHashSet());
        var sheet = Create(metrics, training, row => made[row]);
        Dispose(made.Values);
        return sheet;
    }

    private static MLImage Create(MemorizationMetrics metrics, IDataView training, Func<int, MLImage> generated)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        ArgumentNullException.ThrowIfNull(training);
        var nearest = metrics.Nearest(Pairs);
        var learned = PictureFolder.Pick(training, nearest.Select(match => match.TrainingRow).ToHashSet());
        var sheet =
            ImageGrid.Create(
                [.. nearest.Select(match => generated(match.Row)), .. nearest.Select(match => learned[match.TrainingRow])],
                nearest.Count,
                padding: 1);
        Dispose(learned.Values);
        return sheet;
    }

    private static void Dispose(IEnumerable<MLImage> pictures)
    {
        foreach (var picture in pictures)
        {
            picture.Dispose();
        }
    }
}
