using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Which images of a step's batch this process computes, and what the processes tell each other of a step.</summary>
internal sealed class StepShare
{
    private readonly RunGroup _group;
    private readonly GroupShare? _share;
    private readonly (int First, int Count)[] _micro; // of the whole batch
    private readonly int[][] _places; // of each process

    /// <param name="group">The processes.</param>
    /// <param name="share">What each does of a batch; null where the run is alone.</param>
    /// <param name="options">With the batch.</param>
    public StepShare(RunGroup group, GroupShare? share, TrainingOptions options)
    {
        (_group, _share) = (group, share);
        _micro = [.. Workers.Parts(options.BatchSize, options.GradientAccumulationSteps)];
        _places = [.. Enumerable.Range(0, group.Size).Select(PlacesOf)];
    }

    /// <summary>The places in the batch of this process's images.</summary>
    public int[] Places => _places[_group.Rank];

    /// <summary>The parts in which the images go through the network: the images of all processes, the place of this process's first, and their number.</summary>
    public IEnumerable<(int Images, int First, int Count)> MicroBatches => _micro.Select(micro =>
    {
        var (first, count) = Share(micro, _group.Rank);
        return (micro.Count, micro.First + first, count);
    });

    /// <summary>The share of images that this process has of those of a step.</summary>
    /// <param name="indices">Of the whole batch.</param>
    public int[] Own(int[] indices) => Places.Length == indices.Length ? indices : Array.ConvertAll(Places, place => indices[place]);

    /// <summary>Makes the losses of this process those of all, and tells what each process wants.</summary>
    /// <param name="losses">One for each image of the batch, of which this process has filled in its own.</param>
    /// <param name="pulse">What this process tells.</param>
    /// <returns>Whether any wants to stop, and the first one's time.</returns>
    public Pulse Exchange(double[] losses, Pulse pulse)
    {
        if (_group.Processes is not { } processes)
        {
            return pulse;
        }

        var mine = new double[2 + _places.Max(places => places.Length)];
        (mine[0], mine[1]) = (pulse.IsStopWanted ? 1 : 0, pulse.Elapsed.Ticks);
        foreach (var (index, place) in Places.Index())
        {
            mine[2 + index] = losses[place];
        }

        var all = processes.Gather<double>(mine);
        var isStopWanted = false;
        for (var rank = 0; rank < processes.Size; rank++)
        {
            var begin = rank * mine.Length;
            isStopWanted |= all[begin] != 0;
            foreach (var (index, place) in _places[rank].Index())
            {
                losses[place] = all[begin + 2 + index];
            }
        }

        return new(isStopWanted, TimeSpan.FromTicks((long)all[1]));
    }

    private int[] PlacesOf(int rank) =>
        [.. _micro.SelectMany(micro =>
        {
            var (first, count) = Share(micro, rank);
            return Enumerable.Range(micro.First + first, count);
        })];

    private (int First, int Count) Share((int First, int Count) micro, int rank) =>
        _share?.Images(rank, micro.Count) ?? (0, micro.Count);
}

/// <summary>What a process tells the others with each step.</summary>
/// <param name="IsStopWanted">Whether somebody cancelled it.</param>
/// <param name="Elapsed">The time of its run.</param>
internal readonly record struct Pulse(bool IsStopWanted, TimeSpan Elapsed);
