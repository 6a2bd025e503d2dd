using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines;

/// <summary>What one process of a group does of each batch.</summary>
/// <param name="Processes">The group.</param>
/// <param name="Parts">The parts of each of its processes, in the order of ranks.</param>
/// <param name="SliceBytes">The bytes of gradients that are added up at a time.</param>
/// <param name="Clock">Measures the adding up.</param>
internal sealed record GroupShare(ProcessGroup Processes, IReadOnlyList<int> Parts, double SliceBytes, GroupClock Clock)
{
    /// <summary>The parts of all processes.</summary>
    public int AllParts { get; } = Parts.Sum();

    /// <summary>The first part of this process.</summary>
    public int FirstPart { get; } = Parts.Take(Processes.Rank).Sum();

    /// <summary>The first image of a part of this process, among this process's images; of the part behind the last their number.</summary>
    /// <param name="part">0, 1, ....</param>
    /// <param name="images">The images of the batch in all processes.</param>
    public int Begin(int part, int images) =>
        Workers.Begin(FirstPart + part, AllParts, images) - Workers.Begin(FirstPart, AllParts, images);

    /// <summary>The images of a process.</summary>
    /// <param name="rank">Which.</param>
    /// <param name="images">The images of the batch in all processes.</param>
    public (int First, int Count) Images(int rank, int images)
    {
        var part = Parts.Take(rank).Sum();
        var first = Workers.Begin(part, AllParts, images);
        return (first, Workers.Begin(part + Parts[rank], AllParts, images) - first);
    }
}

/// <summary>How long processes added up gradients, and how long they did nothing else meanwhile.</summary>
internal sealed class GroupClock
{
    /// <summary>The steps.</summary>
    public long Steps { get; private set; }

    /// <summary>The time in collectives of gradients.</summary>
    public TimeSpan Busy { get; private set; }

    /// <summary>The part of it in which the process waited for them alone.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>The share of that time in which gradients of other layers were still computed.</summary>
    public double HiddenShare => Busy > TimeSpan.Zero ? Math.Clamp(1 - (Waited / Busy), 0, 1) : 0;

    /// <summary>Adds a step.</summary>
    public void Add(TimeSpan busy, TimeSpan waited) => (Steps, Busy, Waited) = (Steps + 1, Busy + busy, Waited + waited);
}
