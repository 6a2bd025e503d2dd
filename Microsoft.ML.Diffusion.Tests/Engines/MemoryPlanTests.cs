using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Tests.Engines;

/// <summary>Where buffers lie.</summary>
[TestClass]
public sealed class MemoryPlanTests
{
    [TestMethod]
    public void Offsets_OfBuffersNeededAtOnce_DoNotOverlap()
    {
        var random = new Random(3);
        for (var round = 0; round < 50; round++)
        {
            Need[] needs = [.. Enumerable.Range(0, 60).Select(_ =>
            {
                var begin = random.Next(100);
                return new Need(random.Next(1, 5000), begin, begin + random.Next(30));
            })];

            var plan = new MemoryPlan(needs);

            for (var i = 0; i < needs.Length; i++)
            {
                Assert.AreEqual(0, plan.Offsets[i] % 16, "a cache line");
                Assert.IsLessThanOrEqualTo(plan.Length, plan.Offsets[i] + needs[i].Length);
                for (var j = 0; j < i; j++)
                {
                    var atOnce = needs[i].Begin <= needs[j].End && needs[j].Begin <= needs[i].End;
                    var overlap = plan.Offsets[i] < plan.Offsets[j] + needs[j].Length && plan.Offsets[j] < plan.Offsets[i] + needs[i].Length;
                    Assert.IsFalse(atOnce && overlap, $"{needs[i]} at {plan.Offsets[i]}, {needs[j]} at {plan.Offsets[j]}");
                }
            }
        }
    }

    [TestMethod]
    [DataRow("default")]
    [DataRow("classes")]
    [DataRow("heads")]
    public void Length_OfNetworks_IsAtMostATenthAboveWhatIsNeededAtOnce(string name)
    {
        var plan = NetworkCases.All[name].CreatePlan();
        foreach (var trains in new[] { false, true })
        {
            var memory = new CpuProgram(plan, 8, plan.Nodes.Count - 1, trains).Memory;

            Assert.IsLessThanOrEqualTo(1.1 * memory.Peak, memory.Length, trains ? "training" : "prediction");
        }
    }
}
