using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class TrainingBudgetTests
{
    private static readonly TimeSpan _noTime = TimeSpan.Zero;

    [TestMethod]
    public void LearningRate_CosineWithWarmup_FollowsTheClosedForm()
    {
        var budget =
            new TrainingBudget(new TrainingOptions { NumberOfSteps = 100, LearningRate = 0.5, WarmupSteps = 10 }, numberOfImages: 1);

        Assert.AreEqual(0.05, budget.LearningRate(0, _noTime), 1e-15);
        Assert.AreEqual(0.5 * 0.5 * (1 + Math.Cos(Math.PI * 0.5)), budget.LearningRate(50, _noTime), 1e-15);
        Assert.AreEqual(0, budget.LearningRate(100, _noTime), 1e-15);
    }

    [TestMethod]
    public void LearningRate_LinearAndConstant_FollowTheirNames()
    {
        var options = new TrainingOptions { NumberOfSteps = 100, LearningRate = 0.5, WarmupSteps = 0 };

        Assert.AreEqual(
            0.375,
            new TrainingBudget(options with { LearningRateSchedule = LearningRateSchedule.Linear }, 1).LearningRate(25, _noTime),
            1e-15);
        Assert.AreEqual(
            0.5,
            new TrainingBudget(options with { LearningRateSchedule = LearningRateSchedule.Constant }, 1).LearningRate(99, _noTime),
            1e-15);
    }

    [TestMethod]
    public void Fraction_SeveralBudgets_IsThatOfTheNearest()
    {
        var budget =
            new TrainingBudget(
                new TrainingOptions { NumberOfSteps = 1000, NumberOfEpochs = 10, BatchSize = 4, Duration = TimeSpan.FromSeconds(10) },
                numberOfImages: 10);

        Assert.AreEqual(0.2, budget.Fraction(5, TimeSpan.FromSeconds(1)), 1e-15, "25 steps are 10 epochs");
        Assert.AreEqual(0.9, budget.Fraction(5, TimeSpan.FromSeconds(9)), 1e-15);
    }

    [TestMethod]
    public void Indices_OneEpoch_ShowEachImageOnce()
    {
        var batches = new BatchSequence(numberOfImages: 12, batchSize: 4, seed: 5);

        var first = Enumerable.Range(0, 3).SelectMany(batches.Indices).ToArray();
        var second = Enumerable.Range(3, 3).SelectMany(batches.Indices).ToArray();

        CollectionAssert.AreEquivalent(Enumerable.Range(0, 12).ToArray(), first);
        CollectionAssert.AreEquivalent(Enumerable.Range(0, 12).ToArray(), second);
        CollectionAssert.AreNotEqual(first, second);
        CollectionAssert.AreEqual(first[4..8], new BatchSequence(12, 4, 5).Indices(1), "a step's batch follows from its number alone");
    }
}
