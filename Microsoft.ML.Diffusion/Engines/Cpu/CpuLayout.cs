using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>Where values and gradients lie in one memory, each for as long as it is needed, and which of them share a place.</summary>
/// <remarks>
/// The moments of a program are its n nodes forward and then backward: node i is computed at i, and the gradient of its value is used up at 2n-1-i.
/// </remarks>
internal sealed class CpuLayout
{
    private readonly UNetPlan _plan;
    private readonly CpuOperation[] _operations;
    private readonly int _images;
    private readonly bool _trains;
    private readonly List<int>[] _readers;
    private readonly bool[] _hasGradient;
    private readonly List<Need> _needs = [];
    private readonly int[] _values;
    private readonly int[] _gradients;
    private readonly int[] _owns;
    private readonly int[] _contributions;

    /// <param name="plan">The plan.</param>
    /// <param name="images">The number of images.</param>
    /// <param name="operations">Those of the plan's nodes, or of the first of them; they are told which gradients they add to.</param>
    /// <param name="trains">Whether gradients are computed.</param>
    public CpuLayout(UNetPlan plan, int images, CpuOperation[] operations, bool trains)
    {
        (_plan, _images, _operations, _trains) = (plan, images, operations, trains);
        _readers = [.. operations.Select(_ => new List<int>())];
        _hasGradient = new bool[Count];
        for (var node = 0; node < Count; node++)
        {
            var inputs = plan.Nodes[node].Inputs;
            _hasGradient[node] = trains && (plan.Nodes[node].Weights.Count > 0 || inputs.Any(input => _hasGradient[input]));
            foreach (var input in inputs)
            {
                _readers[input].Add(node);
            }
        }

        _values = Place(ValueGroups(), node => new Need(LengthOf(node), node, LastUse(node)));
        foreach (var (node, operation) in operations.Index())
        {
            operation.Adds = [.. plan.Nodes[node].Inputs.Select((input, slot) => AddsTo(node, slot, input))];
        }

        _gradients = Place(GradientGroups(), node => _hasGradient[node]
            ? new Need(LengthOf(node), node == Count - 1 ? Count : Back(_readers[node].Max()), Back(node))
            : null);
        int[] each = [.. Enumerable.Range(0, Count)];
        _owns = Place(each, node => operations[node].OwnLength is > 0 and var length
            ? new Need(length, node, _hasGradient[node] ? Back(node) : node)
            : null);
        _contributions = Place(each, Contribution);
        Memory = new MemoryPlan(_needs);
    }

    public MemoryPlan Memory { get; }

    private int Count => _operations.Length;

    public bool HasGradient(int node) => _hasGradient[node];

    /// <summary>Where the value of a node begins.</summary>
    public long ValueOf(int node) => Memory.Offsets[_values[node]];

    /// <summary>Where the gradient of a value begins.</summary>
    public long GradientOf(int node) => Memory.Offsets[_gradients[node]];

    /// <summary>Where what a node keeps for its gradient begins.</summary>
    public long OwnOf(int node) => Memory.Offsets[_owns[node]];

    /// <summary>Where a node computes what it then adds to a gradient.</summary>
    public long ContributionOf(int node) => Memory.Offsets[_contributions[node]];

    private int Back(int node) => (2 * Count) - 1 - node;

    private long LengthOf(int node)
    {
        var shape = _plan.Nodes[node].Shape;
        return (long)_images * shape.Channels * shape.Height * shape.Width;
    }

    private int LastUse(int node)
    {
        var needing = _readers[node].Where(reader => _hasGradient[reader] && _operations[reader].NeededInputs.Contains(node));
        return Math.Max(
            node == Count - 1 ? Count : _readers[node].DefaultIfEmpty(node).Max(),
            needing.Select(Back).DefaultIfEmpty(0).Max());
    }

    private bool? AddsTo(int node, int slot, int input)
    {
        var inputs = _plan.Nodes[node].Inputs;
        return _hasGradient[input] && _hasGradient[node] ? node != _readers[input].Max() || inputs.Take(slot).Contains(input) : null;
    }

    private Need? Contribution(int node)
    {
        var added = _plan.Nodes[node].Inputs.Where((_, slot) => _operations[node].Adds[slot] == true).ToList();
        return added.Count > 0 && _operations[node].ContributesElsewhere ? new Need(added.Max(LengthOf), Back(node), Back(node)) : null;
    }

    // Buffers for groups of nodes: from the first moment of any of them to the last.
    private int[] Place(int[] groups, Func<int, Need?> needOf)
    {
        var buffers = new int[Count];
        foreach (var group in Enumerable.Range(0, Count).GroupBy(node => groups[node]))
        {
            var needs = group.Select(needOf).OfType<Need>().ToList();
            if (needs.Count > 0)
            {
                foreach (var node in group)
                {
                    buffers[node] = _needs.Count;
                }

                _needs.Add(new Need(needs.Max(need => need.Length), needs.Min(need => need.Begin), needs.Max(need => need.End)));
            }
        }

        return buffers;
    }

    // Values that are their input's, or are written over it because nothing else will read it.
    private int[] ValueGroups()
    {
        int[] groups = [.. Enumerable.Range(0, Count)];
        for (var node = 0; node < Count; node++)
        {
            var operation = _operations[node];
            var replaced = operation.AliasOf ?? operation.Replaceable.FirstOrDefault(input => IsFree(groups, input, node), node);
            groups[node] = groups[replaced];
        }

        return groups;
    }

    private bool IsFree(int[] groups, int value, int node) =>
        Enumerable.Range(0, node).Where(member => groups[member] == groups[value]).All(member => LastUse(member) <= node);

    // Gradients that are the result's as they are: both addends of a sum, and what only changes its shape.
    private int[] GradientGroups()
    {
        int[] groups = [.. Enumerable.Range(0, Count)];
        for (var node = Count - 1; _trains && node >= 0; node--)
        {
            var (operation, inputs) = (_operations[node], _plan.Nodes[node].Inputs);
            if (!_hasGradient[node] || (operation.AliasOf is null && _plan.Nodes[node] is not AddNode))
            {
                continue;
            }

            var joined = inputs.Where((_, slot) => operation.Adds[slot] == false).ToList();
            if (joined.Count == 2 && !(AreApart(node, joined[0], joined[1]) && AreApart(node, joined[1], joined[0])))
            {
                joined.RemoveAt(1);
            }

            foreach (var input in joined)
            {
                groups[input] = groups[node];
            }
        }

        return groups;
    }

    // Whether the gradient of one addend is used up before anything more is added to that of the other, which has the same place.
    private bool AreApart(int sum, int addend, int other)
    {
        var (used, _) = Chain(addend);
        var (_, members) = Chain(other);
        return members.All(member => _readers[member].All(reader => reader == sum || members.Contains(reader) || reader < used));
    }

    // The values whose gradients are those of a value as they are, and the last of them to be used.
    private (int Last, List<int> Members) Chain(int value)
    {
        List<int> members = [value];
        while (_operations[value].AliasOf is { } input && _readers[input].Max() == value)
        {
            members.Add(value = input);
        }

        return (value, members);
    }
}
