using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Generation;

/// <summary>Finds the timesteps over which a sampler ends nearest to where the probability flow leads the same noise.</summary>
/// <remarks>
/// The cheapest ways of <see cref="StepPaths"/> and the known spacings are tried with the sampler itself, all on one grid of whole
/// timesteps; the best is then improved by moving one timestep at a time, over shorter and shorter distances. On as many other images
/// that is then set against the known spacings off the grid: many timesteps, moved for a few images, need not be the best for others,
/// and what lies between timesteps counts.
/// </remarks>
/// <param name="model">The model.</param>
/// <param name="options">The sampler, guidance and who listens.</param>
/// <param name="seed">Of the noise that images start from.</param>
/// <param name="count">The number of images.</param>
internal sealed class StepSearch(DiffusionModel model, GenerationOptions options, long seed, int count)
{
    private const int Levels = 96;
    private const int OfPaths = 4; // images that pairs of levels are judged by, whose whole ways are kept
    private static readonly int[] _moves = [8, 4, 2, 1];

    private readonly NoiseSchedule _schedule = model.Description.Schedule;
    private readonly UniPcSampler _accurate = new() { Clipping = options.Sampler.Clipping };
    private int _calls;
    private int _callsAtMost;

    /// <summary>Finds steps.</summary>
    /// <param name="steps">How many, from 1.</param>
    public TimestepSubset Find(int steps)
    {
        var grid = Grid(steps);
        var known = Spacings(steps).ToList();
        _callsAtMost =
            grid.Length + (2 * Fine(steps).NumberOfInferenceSteps) + (steps * (5 + (2 * known.Count) + (2 * steps * _moves.Length)));
        var searched = Follow(first: 0, steps);
        var paths = Paths(searched.Start.Take(Math.Min(count, OfPaths)), grid);
        var starts = paths.Find(steps).Concat(known.Select(spacing => Nearest(spacing, grid)));
        var (best, least) = starts.Select(levels => (levels, Distance(searched, OnGrid(levels)))).MinBy(pair => pair.Item2);

        foreach (var move in _moves)
        {
            for (var i = 0; i < best.Length; i++)
            {
                foreach (var moved in (int[])[best[i] - move, best[i] + move])
                {
                    var (before, after) = (i > 0 ? best[i - 1] : -1, i + 1 < best.Length ? best[i + 1] : grid.Length);
                    int[] other = [.. best[..i], moved, .. best[(i + 1)..]];
                    if (moved > before && moved < after && Distance(searched, OnGrid(other)) is var distance && distance < least)
                    {
                        (best, least) = (other, distance);
                    }
                }
            }
        }

        var others = Follow(first: count, steps);
        var decided = known.Prepend(OnGrid(best)).MinBy(timesteps => Distance(others, timesteps))!;
        options.Progress?.Report(1);
        return decided;

        TimestepSubset OnGrid(int[] levels) => TimestepSubset.Of([.. levels.Select(level => grid[level])]);
    }

    private Flow Follow(long first, int steps)
    {
        var start =
            new PerSampleNoise(seed, Samples(first, count), RandomStream.StartOfSample).Next(count, model.Description.Shape.PixelCount);
        return new Flow(first, start, Sample(_accurate, first, start, SamplingStep.Reverse(Fine(steps), _schedule)));
    }

    // What ends at no number is farther than anything.
    private double Distance(Flow flow, TimestepSubset timesteps)
    {
        var end = Sample(options.Sampler, flow.First, flow.Start, SamplingStep.Reverse(timesteps, _schedule));
        var distance = StepPaths.MeanSquare(end, flow.End);
        return double.IsNaN(distance) ? double.PositiveInfinity : distance;
    }

    // The ways of images over the grid.
    private StepPaths Paths(Batch start, int[] grid)
    {
        var run = SamplingStep.Reverse(TimestepSubset.Of(grid), _schedule);
        var (x, x0) = (new List<Batch> { start }, new List<Batch>());
        Sample(_accurate, first: 0, start, run, (next, predictedX0) =>
        {
            x.Add(next);
            x0.Add(predictedX0);
        });
        return new StepPaths(run, x, x0);
    }

    private Batch Sample(Sampler sampler, long first, Batch start, IReadOnlyList<SamplingStep> run, Action<Batch, Batch>? afterStep = null)
    {
        var classes = model.Description.ClassNames.Count;
        var samples = Samples(first, start.Count);
        int[]? labels = classes > 0 ? [.. samples.Select(sample => (int)(sample % classes))] : null;
        return sampler.Sample(
            model.Denoiser(labels, options.Guidance, sampler.Clipping),
            start,
            run,
            new PerSampleNoise(seed, samples),
            (_, next, predictedX0) =>
            {
                afterStep?.Invoke(next, predictedX0);
                options.Progress?.Report(Math.Min(1, ++_calls / (double)_callsAtMost));
            },
            options.CancellationToken);
    }

    private static long[] Samples(long first, int count) => [.. Enumerable.Range(0, count).Select(i => first + i)];

    // More steps than anyone takes: where they end is where the flow leads.
    private static TimestepSubset Fine(int steps) => TimestepSubset.LogSnr(Math.Max(Levels, 4 * steps));

    // Whole timesteps about evenly in log-SNR, the noisiest first; all where there are few.
    private int[] Grid(int steps)
    {
        var spaced =
            SamplingStep.Reverse(Fine(steps), _schedule)
                .Select(step => (int)Math.Round(step.Timestep))
                .Distinct()
                .ToArray();
        return spaced.Length >= Math.Min(2 * steps, _schedule.NumberOfTrainingTimesteps)
            ? spaced
            : [.. Enumerable.Range(0, _schedule.NumberOfTrainingTimesteps).Reverse()];
    }

    private static IEnumerable<TimestepSubset> Spacings(int steps) =>
        [TimestepSubset.Karras(steps), TimestepSubset.LogSnr(steps), TimestepSubset.Trailing(steps)];

    // A spacing on the grid, each level by itself.
    private int[] Nearest(TimestepSubset spacing, int[] grid)
    {
        var levels =
            SamplingStep.Reverse(spacing, _schedule)
                .Select(step => Enumerable.Range(0, grid.Length).MinBy(i => Math.Abs(grid[i] - step.Timestep)))
                .ToArray();
        for (var i = 1; i < levels.Length; i++)
        {
            levels[i] = Math.Max(levels[i], levels[i - 1] + 1);
        }

        for (var i = levels.Length - 1; i >= 0; i--)
        {
            levels[i] = Math.Min(levels[i], grid.Length - levels.Length + i);
        }

        return levels;
    }

    // Images of the seed from one on: their noise, and where the flow leads it.
    private readonly record struct Flow(long First, Batch Start, Batch End);
}
