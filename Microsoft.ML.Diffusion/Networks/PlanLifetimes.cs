namespace Microsoft.ML.Diffusion.Networks;

/// <summary>How long the values of a plan are needed.</summary>
internal sealed class PlanLifetimes
{
    private readonly int[] _reads;
    private readonly int[][] _ending;

    public PlanLifetimes(IReadOnlyList<PlanNode> nodes)
    {
        _reads = new int[nodes.Count];
        var last = new int[nodes.Count];
        for (var node = 0; node < nodes.Count; node++)
        {
            foreach (var value in nodes[node].Inputs)
            {
                _reads[value]++;
                last[value] = node;
            }
        }

        var ending = Enumerable.Range(0, nodes.Count).Where(value => _reads[value] > 0).ToLookup(value => last[value]);
        _ending = [.. Enumerable.Range(0, nodes.Count).Select(node => ending[node].ToArray())];
    }

    /// <summary>The values that nothing reads after a node.</summary>
    public IReadOnlyList<int> EndingAt(int node) => _ending[node];

    /// <summary>Whether one node alone reads a value, and so may write over it.</summary>
    public bool IsReadOnce(int value) => _reads[value] == 1;
}
