using Diffusion.Tool.Running;

namespace Diffusion.Evaluate;

/// <summary>What means and covariances alone tell of two sets: the Frechet distance.</summary>
internal static class StatisticsResult
{
    /// <summary>Merges the generated images of several evaluations beside the same real ones.</summary>
    /// <param name="files">What --save wrote of each.</param>
    public static Result Merge(IReadOnlyList<string> files)
    {
        var first = SavedStatistics.Load(files[0]);
        var all = first.Generated;
        foreach (var file in files.Skip(1))
        {
            var part = SavedStatistics.Load(file);
            Check(first, part, files[0], file);
            all = FeatureStatistics.Merge([all, part.Generated]);
        }

        return Of(first with { Generated = all }, files.Count, saved: null);
    }

    /// <summary>Says how far both sets are apart.</summary>
    /// <param name="statistics">Both sets.</param>
    /// <param name="parts">Of how many parts the generated one is.</param>
    /// <param name="saved">Where they were saved; null for nowhere.</param>
    public static Result Of(SavedStatistics statistics, int parts, string? saved)
    {
        var (real, generated) = (statistics.Real, statistics.Generated);
        if (Math.Min(real.Count, generated.Count) < 2)
        {
            throw new ToolException($"A distance needs two images at least of each kind, but there are {real.Count} real and {generated.Count} generated ones.");
        }

        var distance = real.FrechetDistanceTo(generated);
        string?[] lines =
        [
            FormattableString.Invariant($"{"Frechet distance",-20}{distance,14:F1}"),
            FormattableString.Invariant($"{"Images",-20}{generated.Count,14:N0}"),
            FormattableString.Invariant($"{"  beside real ones",-20}{real.Count,14:N0}"),
            "All other figures need the features of all images at once: each part's own run has them.",
            saved is null ? null : $"Wrote {saved}",
        ];
        return new Result(lines, new
        {
            Metrics = new
            {
                FrechetDistance = distance,
                NumberOfRealRows = real.Count,
                NumberOfGeneratedRows = generated.Count,
                real.NumberOfFeatures,
            },
            Parts = parts,
            statistics.Settings.Features,
            statistics.Settings.Width,
            statistics.Settings.Height,
            Saved = saved,
        });
    }

    private static void Check(SavedStatistics first, SavedStatistics part, string firstFile, string file)
    {
        if (part.Settings != first.Settings)
        {
            throw new ToolException(
                $"'{file}' is of {part.Settings.Width}x{part.Settings.Height} images by {part.Settings.Features}, but '{firstFile}' of {first.Settings.Width}x{first.Settings.Height} by {first.Settings.Features}. Evaluate all parts with one --size.");
        }

        if (!part.HasRealOf(first))
        {
            throw new ToolException(
                $"'{file}' is beside other real images than '{firstFile}', so that there is no distance of all. Evaluate it again with '{firstFile}' in the place of REAL, which has its real images.");
        }
    }
}
