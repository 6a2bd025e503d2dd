using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Numbers for all weights of a plan, in one buffer: the weights themselves, their gradients, or what an optimizer knows of them.</summary>
/// <remarks>
/// They lie in the order of <see cref="UNetPlan.BufferedWeights"/>, each from the start of a cache line of the buffer on; the gaps between hold zeros. The buffer does not move.
/// </remarks>
internal sealed unsafe class NetworkWeights
{
    private const int Alignment = 16; // floats of a cache line

    private readonly float[] _memory;
    private readonly int _first;
    private readonly Dictionary<string, (int Offset, int Count)> _places = [];

    /// <summary>Zeros.</summary>
    /// <exception cref="InsufficientMemoryException">There are more than an array holds.</exception>
    public NetworkWeights(UNetPlan plan)
    {
        Plan = plan;
        var offset = 0L;
        foreach (var weight in plan.BufferedWeights)
        {
            if (offset + weight.Count > Array.MaxLength - (2 * Alignment))
            {
                throw new InsufficientMemoryException($"A network of {plan.NumberOfParameters} weights is larger than a buffer can be.");
            }

            _places.Add(weight.Name, ((int)offset, (int)weight.Count));
            offset += Place(weight);
        }

        Length = (int)offset;
        _memory = GC.AllocateArray<float>(Length + Alignment, pinned: true);
        var begin = (nuint)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, 0);
        _first = (int)((((begin + 63) & ~(nuint)63) - begin) / sizeof(float));
    }

    /// <summary>The numbers of a buffer for a plan, gaps included.</summary>
    public static long LengthFor(UNetPlan plan) => plan.BufferedWeights.Sum(Place);

    /// <summary>Whose weights these are.</summary>
    public UNetPlan Plan { get; }

    /// <summary>The numbers of the buffer, gaps included.</summary>
    public int Length { get; }

    /// <summary>The whole buffer.</summary>
    public Span<float> All => _memory.AsSpan(_first, Length);

    /// <summary>Where the buffer begins, for as long as this object lives.</summary>
    public float* Begin => (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, _first);

    /// <summary>The numbers of a weight.</summary>
    public Span<float> this[PlanWeight weight] => this[weight.Name];

    /// <summary>The numbers of a weight, by its name.</summary>
    public Span<float> this[string name]
    {
        get
        {
            var (offset, count) = _places[name];
            return _memory.AsSpan(_first + offset, count);
        }
    }

    /// <summary>Where the numbers of a weight begin, for as long as this object lives.</summary>
    public float* Pointer(PlanWeight weight) =>
        (float*)Marshal.UnsafeAddrOfPinnedArrayElement(_memory, _first + _places[weight.Name].Offset);

    /// <summary>Another buffer of the same numbers.</summary>
    public NetworkWeights Copy()
    {
        var copy = new NetworkWeights(Plan);
        All.CopyTo(copy.All);
        return copy;
    }

    /// <summary>These numbers as those of another plan: of the weights that both have, and zeros for the others. Of the same plan they are these themselves.</summary>
    public NetworkWeights For(UNetPlan plan)
    {
        if (ReferenceEquals(plan, Plan))
        {
            return this;
        }

        var weights = new NetworkWeights(plan);
        foreach (var weight in plan.Weights.Where(weight => _places.ContainsKey(weight.Name)))
        {
            this[weight].CopyTo(weights[weight]);
        }

        return weights;
    }

    /// <summary>The numbers that a weight takes, with the gap behind it.</summary>
    public static long Place(PlanWeight weight) => (weight.Count + Alignment - 1) / Alignment * Alignment;
}
