using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>A run of gradients that are added up over processes at a time.</summary>
/// <param name="Begin">Its first number in the buffer.</param>
/// <param name="End">The number behind its last.</param>
/// <param name="Node">The node behind whose backward pass, from the last node to the first, none of them changes any more.</param>
internal readonly record struct GradientSlice(int Begin, int End, int Node)
{
    /// <summary>The slices of a network's gradients, those that are finished first before the others.</summary>
    /// <param name="plan">The network.</param>
    /// <param name="bytes">The bytes of a slice, of whole weights: one that is larger is a slice of its own.</param>
    public static GradientSlice[] Of(UNetPlan plan, double bytes)
    {
        var first = FirstReaders(plan);
        List<GradientSlice> slices = [];
        var (begin, end, node) = ((int)NetworkWeights.LengthFor(plan), (int)NetworkWeights.LengthFor(plan), int.MaxValue);
        foreach (var weight in plan.BufferedWeights.Reverse()) // so that the slice that is finished last is the smallest: it is not hidden
        {
            if (end > begin && (double)(end - begin + weight.Count) * sizeof(float) > bytes)
            {
                slices.Add(new(begin, end, node));
                (end, node) = (begin, int.MaxValue);
            }

            (begin, node) = (begin - (int)NetworkWeights.Place(weight), Math.Min(node, first[weight.Name]));
        }

        slices.Add(new(begin, end, node));
        return [.. slices.OrderByDescending(slice => slice.Node)]; // keeps the order of equals: all processes have the same
    }

    // The backward pass comes to the first node that reads a weight last.
    private static Dictionary<string, int> FirstReaders(UNetPlan plan)
    {
        var readers = new Dictionary<string, int>();
        foreach (var (number, node) in plan.Nodes.Index())
        {
            foreach (var weight in node.Weights)
            {
                readers.TryAdd(weight.Name, number);
            }
        }

        return readers;
    }
}
