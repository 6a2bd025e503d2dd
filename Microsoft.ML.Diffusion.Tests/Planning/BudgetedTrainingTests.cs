using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Planning;

/// <summary>Training with a budget of time: the plan is told first, its options are ordinary ones, and a resumed run keeps to it.</summary>
[TestClass]
public sealed class BudgetedTrainingTests
{
    private static readonly TimeSpan _budget = TimeSpan.FromSeconds(2);

    [TestMethod]
    public void ThePlanIsToldBeforeTheFirstStep()
    {
        List<string> told = [];
        var mlContext = new MLContext(seed: 3);
        mlContext.Log += (_, e) => told.Add(e.Message);
        using var model = Train(mlContext, options => options with
        {
            Training = options.Training with { Progress = new Direct<TrainingProgress>(_ => told.Add("progress")) },
        });

        var plan = told.FindIndex(text => text.Contains("Plan for 00:00:02 of training:", StringComparison.Ordinal));
        Assert.IsInRange(0, told.IndexOf("progress"), plan);
        StringAssert.Contains(told[plan], "images    8 of 8x8, grey");
        StringAssert.Contains(told[plan], "images/s measured");
        Assert.IsLessThan(2 * _budget.TotalSeconds, model.Training!.Seconds);
    }

    [TestMethod]
    public void GivenOptionsAreThoseOfTheModel()
    {
        using var model = Train(new MLContext(seed: 3), options => options with
        {
            Network = TinyModel.Options.Network,
            LabelColumnName = "Label",
            Prediction = PredictionType.Epsilon,
            Generation = options.Generation with { Sampler = new DdimSampler(9) },
            Training = options.Training with { NumberOfSteps = 3, BatchSize = 5 },
        });

        Assert.AreEqual(TinyModel.Options.Network, model.Network);
        Assert.AreEqual(new DdimSampler(9), model.Generation.Sampler);
        Assert.AreEqual((PredictionType.Epsilon, 3, 5), (model.Prediction, model.Training!.Steps, model.Training.BatchSize));
        Assert.AreEqual(2, model.ClassNames.Count);
    }

    [TestMethod]
    public void AResumedRunKeepsToItsPlan()
    {
        using var folder = new TemporaryFolder();
        DiffusionOptions Given(DiffusionOptions options) => options with
        {
            Seed = 1,
            Training = options.Training with { CheckpointDirectory = folder.Path },
        };
        using var first = Train(new MLContext(seed: 3), Given);
        List<string> told = [];
        var mlContext = new MLContext(seed: 3);
        mlContext.Log += (_, e) => told.Add(e.Message);
        using var second = Train(mlContext, Given);

        Assert.AreEqual(first.Network, second.Network);
        Assert.AreEqual(first.Training!.Options, second.Training!.Options);
        Assert.AreEqual(Weights.Digest(first), Weights.Digest(second), "the budget is spent: nothing is learned");
        Assert.IsFalse(told.Exists(text => text.Contains("Plan for", StringComparison.Ordinal)), "nothing is measured anew");

        var error = Assert.Throws<InvalidOperationException>(() => Train(new MLContext(seed: 3), Given, 2 * _budget));
        Assert.AreEqual(
            "CheckpointDirectory holds a run that was planned for 00:00:02, but the budget is now 00:00:04. Give the same budget to resume it, or name another folder.",
            error.Message);
    }

    [TestMethod]
    public void AModelThatIsTrainedOnDecidesTheNetwork()
    {
        using var previous = TinyModel.Train();
        var mlContext = new MLContext(seed: 3);
        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", _budget).Fit(Pictures.Rows(mlContext), previous);
        Assert.AreEqual(previous.Network, model.Network);
        Assert.AreEqual(previous.Prediction, model.Prediction);
    }

    [TestMethod]
    public void OptionsForABudgetAreOrdinaryOnes()
    {
        var mlContext = new MLContext(seed: 3);
        var options = DiffusionOptions.For(Pictures.Rows(mlContext, coloured: true), _budget, given => given with { Seed = 7 });
        Assert.AreEqual(7, options.Seed);
        Assert.IsTrue(options.Training.Duration <= _budget);
        Assert.AreEqual(new DpmSolverSampler(20, stochastic: true), options.Generation.Sampler);
        options.Validate();
        options.Network.ValidateFor(8, 8);
    }

    [TestMethod]
    public void ABudgetMustBeAboveZero()
    {
        var error =
            Assert.Throws<ArgumentOutOfRangeException>(() => new MLContext().Transforms.DiffusionTrainer("Generated", "Image", TimeSpan.Zero));
        StringAssert.StartsWith(error.Message, "budget must be above zero, because it is the time that training may take.");
        Assert.Throws<ArgumentException>(() => new MLContext().Transforms.DiffusionTrainer("Generated", "Image", _budget, _ => null!));
    }

    private static DiffusionTransformer Train(MLContext mlContext, Func<DiffusionOptions, DiffusionOptions> configure, TimeSpan? budget = null) =>
        mlContext.Transforms.DiffusionTrainer("Generated", "Image", budget ?? _budget, configure).Fit(Pictures.Rows(mlContext));
}
