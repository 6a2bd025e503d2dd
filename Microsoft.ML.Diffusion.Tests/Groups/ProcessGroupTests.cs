using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Engines;
using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>Sums over processes, and what decides their order.</summary>
[TestClass]
public sealed class ProcessGroupTests
{
    [TestMethod]
    [DataRow(1, "")]
    [DataRow(2, "0+1")]
    [DataRow(3, "0+1 0+2")]
    [DataRow(4, "0+1 2+3 0+2")]
    [DataRow(5, "0+1 2+3 0+2 0+4")]
    [DataRow(8, "0+1 2+3 4+5 6+7 0+2 4+6 0+4")]
    public void TreeSum_Pairs_AreNeighboursThenTheirSums(int parts, string expected) =>
        Assert.AreEqual(expected, string.Join(' ', TreeSum.Pairs(parts).Select(pair => $"{pair.To}+{pair.From}")));

    [TestMethod]
    [DataRow(2, 1)]
    [DataRow(2, 8)]
    [DataRow(3, 1000)]
    [DataRow(4, 3)]
    [DataRow(5, 1001)]
    public unsafe void Sum_OfAnyLength_IsThatOfTheTree(int ranks, int count)
    {
        var random = new Random(1);
        var numbers = Enumerable.Range(0, ranks).Select(_ => Enumerable.Range(0, count).Select(_ => (random.NextSingle() - 0.5f) * 1e3f).ToArray()).ToArray();

        var outcomes = ThreadGroup.Run(ranks, 1, group =>
        {
            var mine = numbers[group.Rank].ToArray();
            fixed (float* values = mine)
            {
                group.Sum((nint)values, count);
            }

            return mine;
        });

        var expected = numbers.Select(values => values.ToArray()).ToArray();
        foreach (var (to, from) in TreeSum.Pairs(ranks))
        {
            expected[to] = [.. expected[to].Zip(expected[from], (x, y) => x + y)];
        }

        foreach (var outcome in outcomes)
        {
            CollectionAssert.AreEqual(expected[0], outcome.Value);
        }
    }

    [TestMethod]
    [DataRow(0.001)]
    [DataRow(0.1)]
    [DataRow(1e9)]
    public void Slices_CoverAllGradients_AndWaitForEveryNodeThatReadsThem(double megabytes)
    {
        var plan = new EngineComparison(NetworkCases.All["classes"], seed: 2).Plan;
        var slices = GradientSlice.Of(plan, megabytes * (1 << 20));

        var ordered = slices.OrderBy(slice => slice.Begin).ToList();
        Assert.AreEqual(0, ordered[0].Begin);
        Assert.AreEqual(NetworkWeights.LengthFor(plan), ordered[^1].End);
        Assert.IsTrue(ordered.Zip(ordered.Skip(1), (one, next) => one.End == next.Begin).All(fits => fits));
        Assert.IsTrue(slices.Zip(slices.Skip(1), (one, next) => one.Node >= next.Node).All(falls => falls), "those that are finished first");
        Assert.AreEqual(megabytes > 1, slices.Length == 1);
        var places = new NetworkWeights(plan);
        foreach (var (number, node) in plan.Nodes.Index())
        {
            foreach (var weight in node.Weights)
            {
                var begin = Begin(places, weight);
                var slice = ordered.Single(one => one.Begin <= begin && begin < one.End);
                Assert.IsLessThanOrEqualTo(number, slice.Node, weight.Name);
                Assert.IsLessThanOrEqualTo(slice.End, begin + (int)weight.Count);
            }
        }
    }

    [TestMethod]
    [DataRow(10, 2, 1)]
    [DataRow(11, 3, 2)]
    [DataRow(64, 4, 3)]
    public void Share_OfAllProcesses_IsTheWholeBatchInTheSamePartsAsThreads(int images, int ranks, int threads)
    {
        var next = 0;
        var processes = ThreadGroup.Run(ranks, 1, group => group);
        for (var rank = 0; rank < ranks; rank++)
        {
            var share = new GroupShare(processes[rank].Value, [.. Enumerable.Repeat(threads, ranks)], 1, new GroupClock());
            var (first, count) = share.Images(rank, images);
            Assert.AreEqual(next, first);
            for (var part = 0; part <= threads; part++)
            {
                Assert.AreEqual(Workers.Begin((rank * threads) + part, ranks * threads, images) - first, share.Begin(part, images));
            }

            Assert.AreEqual(count, share.Begin(threads, images));
            next += count;
        }

        Assert.AreEqual(images, next);
    }

    [TestMethod]
    public void Cores_OfProcesses_AreTheirOwnOrAnEqualShare()
    {
        Assert.AreEqual(4, ProcessCores.Share(["a 0-3", "a 4-7"], 0, cores: 4), "each was given its own");
        Assert.AreEqual(4, ProcessCores.Share(["a 0-7", "a 0-7"], 1, cores: 8), "both may use all");
        Assert.AreEqual(8, ProcessCores.Share(["a 0-7", "b 0-7"], 1, cores: 8), "of another machine");
        Assert.AreEqual(1, ProcessCores.Share(["a 0-1", "a 0-1", "a 0-1"], 2, cores: 2), "more processes than cores");
    }

    [TestMethod]
    public void Clock_HiddenShare_IsWhatNobodyWaitedFor()
    {
        var clock = new GroupClock();
        Assert.AreEqual(0, clock.HiddenShare);

        clock.Add(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));
        clock.Add(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1));

        Assert.AreEqual((2L, 0.75), (clock.Steps, clock.HiddenShare));
    }

    private static unsafe int Begin(NetworkWeights weights, PlanWeight weight) => (int)(weights.Pointer(weight) - weights.Begin);
}
