using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Schedules;

[TestClass]
public sealed class TimestepSubsetTests
{
    private const int TrainingTimesteps = 1000;

    public static IEnumerable<object[]> Spacings => [["uniform"], ["quadratic"], ["linspace"], ["trailing"]];

    [TestMethod]
    [DynamicData(nameof(Spacings))]
    public void Resolve_EveryNumberOfSteps_GivesThatManyDistinctRisingTimesteps(string spacing)
    {
        for (var steps = 1; steps <= TrainingTimesteps; steps++)
        {
            var timesteps = Subset(spacing, steps).Resolve(TrainingTimesteps);

            Assert.HasCount(steps, timesteps);
            Assert.IsGreaterThanOrEqualTo(0, timesteps[0]);
            Assert.IsLessThan(TrainingTimesteps, timesteps[^1]);
            Assert.IsTrue(timesteps.Zip(timesteps.Skip(1)).All(pair => pair.First < pair.Second), $"{steps} steps");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Spacings))]
    public void Pairs_EveryNumberOfSteps_FallThroughTrueNeighbours(string spacing)
    {
        for (var steps = 1; steps <= TrainingTimesteps; steps++)
        {
            var subset = Subset(spacing, steps);
            var rising = subset.Resolve(TrainingTimesteps);
            var pairs = subset.Pairs(TrainingTimesteps);

            CollectionAssert.AreEqual(rising.Reverse().ToArray(), pairs.Select(pair => pair.Timestep).ToArray());
            CollectionAssert.AreEqual(
                pairs.Skip(1).Select(pair => pair.Timestep).Append(-1).ToArray(),
                pairs.Select(pair => pair.PreviousTimestep).ToArray());
        }
    }

    [TestMethod]
    [DynamicData(nameof(Spacings))]
    public void Resolve_OneStep_IsTheLastTimestep(string spacing)
    {
        var timesteps = Subset(spacing, 1).Resolve(TrainingTimesteps);

        CollectionAssert.AreEqual(new[] { TrainingTimesteps - 1 }, timesteps.ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(Spacings))]
    public void Resolve_AsManyStepsAsTimesteps_IsAllOfThem(string spacing)
    {
        var timesteps = Subset(spacing, TrainingTimesteps).Resolve(TrainingTimesteps);

        CollectionAssert.AreEqual(Enumerable.Range(0, TrainingTimesteps).ToArray(), timesteps.ToArray());
    }

    [TestMethod]
    [DataRow("uniform", new[] { 0, 2, 5, 7 })]
    [DataRow("quadratic", new[] { 0, 1, 3, 8 })]
    [DataRow("linspace", new[] { 0, 3, 6, 9 })]
    [DataRow("trailing", new[] { 1, 4, 7, 9 })]
    public void Resolve_FourOfTen_FollowsTheFormula(string spacing, int[] expected) =>
        CollectionAssert.AreEqual(expected, Subset(spacing, 4).Resolve(10).ToArray());

    [TestMethod]
    [DynamicData(nameof(Spacings))]
    public void Resolve_MoreStepsThanTimesteps_SaysHowManyThereAre(string spacing)
    {
        var exception =
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Subset(spacing, TrainingTimesteps + 1).Resolve(TrainingTimesteps));

        Assert.AreEqual(
            "The number of sampling steps must be at most 1000, because the model was trained on that many timesteps and a run visits each at most once. (Parameter 'steps')" + Environment.NewLine + "Actual value was 1001.",
            exception.Message);
    }

    [TestMethod]
    [DynamicData(nameof(Spacings))]
    public void Create_NoSteps_SaysWhy(string spacing)
    {
        var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Subset(spacing, 0));

        Assert.AreEqual(
            "steps must be at least 1, because every run needs a step to leave pure noise. (Parameter 'steps')" + Environment.NewLine + "Actual value was 0.",
            exception.Message);
    }

    [TestMethod]
    public void Of_AnyOrder_IsSorted() =>
        Assert.AreEqual("0, 300, 999", string.Join(", ", TimestepSubset.Of(999, 0, 300).Resolve(TrainingTimesteps)));

    [TestMethod]
    public void Of_ValueTwice_IsRefused()
    {
        var exception = Assert.ThrowsExactly<ArgumentException>(() => TimestepSubset.Of(5, 900, 5));

        Assert.AreEqual("timesteps must be distinct, but 5 is given twice. (Parameter 'timesteps')", exception.Message);
    }

    [TestMethod]
    public void Of_Nothing_IsRefused() =>
        Assert.AreEqual(
            "timesteps must name at least one timestep. (Parameter 'timesteps')",
            Assert.ThrowsExactly<ArgumentException>(() => TimestepSubset.Of()).Message);

    [TestMethod]
    public void Resolve_TimestepBeyondTheEnd_SaysWhichAreThere()
    {
        var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => TimestepSubset.Of(0, 1000).Resolve(TrainingTimesteps));

        Assert.AreEqual(
            "Each timestep must be at most 999, because the model was trained on timesteps 0 to 999. (Parameter 'timesteps')" + Environment.NewLine + "Actual value was 1000.",
            exception.Message);
    }

    private static TimestepSubset Subset(string spacing, int steps) => spacing switch
    {
        "uniform" => TimestepSubset.Uniform(steps),
        "quadratic" => TimestepSubset.Quadratic(steps),
        "linspace" => TimestepSubset.Linspace(steps),
        _ => TimestepSubset.Trailing(steps),
    };

    [TestMethod]
    public void OfPairs_StepsOfAnotherLibrary_AreWalkedAsGiven()
    {
        var subset = TimestepSubset.OfPairs(new(9, 6), new(5, 2), new(1, 0));
        var schedule = NoiseSchedule.Linear(10);

        var steps = SamplingStep.Reverse(subset, schedule);

        CollectionAssert.AreEqual(new TimestepPair[] { new(9, 6), new(5, 2), new(1, 0) }, subset.Pairs(10).ToArray());
        CollectionAssert.AreEqual(
            new[] { schedule.AlphaBar(6), schedule.AlphaBar(2), schedule.AlphaBar(0) },
            steps.Select(step => step.AlphaBarPrevious).ToArray());
        Assert.IsTrue(steps.All(step => step.AddsNoise));
        Assert.IsFalse(SamplingStep.Reverse(TimestepSubset.OfPairs(new(9, 0), new(0, -1)), schedule)[^1].AddsNoise);
        Assert.AreEqual(subset, TimestepSubset.FromConfig("pairs", 3, [1, 5, 9], null, [0, 2, 6]));
        Assert.AreNotEqual(subset, TimestepSubset.OfPairs(new(9, 5), new(5, 1), new(1, 0)));
    }

    [TestMethod]
    public void OfPairs_StepsThatAreNone_AreRefused()
    {
        Messages.Expect<ArgumentException>("pairs must name at least one step. (Parameter 'pairs')", () => TimestepSubset.OfPairs());
        Messages.Expect<ArgumentException>(
            "pairs must have falling timesteps, but 5 follows 5. (Parameter 'pairs')",
            () => TimestepSubset.OfPairs(new(5, 1), new(5, 1)));
        Messages.Expect<ArgumentOutOfRangeException>(
            "Each of pairs must lead from a timestep of at least 0 to a previous one from -1 to itself. (Parameter 'pairs')\nActual value was TimestepPair { Timestep = 5, PreviousTimestep = 6 }.",
            () => TimestepSubset.OfPairs(new TimestepPair(5, 6)));
        Messages.Expect<ArgumentOutOfRangeException>(
            "Each timestep must be at most 9, because the model was trained on timesteps 0 to 9. (Parameter 'timesteps')\nActual value was 12.",
            () => TimestepSubset.OfPairs(new TimestepPair(12, 6)).Pairs(10));
    }
}
