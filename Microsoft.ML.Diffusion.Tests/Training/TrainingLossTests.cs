using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Training;

/// <summary>Every loss learns.</summary>
[TestClass]
public sealed class TrainingLossTests
{
    private static readonly NoiseSchedule _short = NoiseSchedule.Cosine(20);

    public static IEnumerable<object[]> Losses =>
    [
        [TrainingLoss.Simple, ModelVariance.Fixed, PredictionType.Epsilon, 5.0, TimestepSampling.Uniform],
        [TrainingLoss.Simple, ModelVariance.Fixed, PredictionType.Sample, 5.0, TimestepSampling.Uniform],
        [TrainingLoss.Simple, ModelVariance.Fixed, PredictionType.VPrediction, 5.0, TimestepSampling.LossAware],
        [TrainingLoss.Variational, ModelVariance.Fixed, PredictionType.VPrediction, 0.0, TimestepSampling.Uniform],
        [TrainingLoss.Variational, ModelVariance.LearnedRange, PredictionType.Epsilon, 0.0, TimestepSampling.LossAware],
        [TrainingLoss.Hybrid, ModelVariance.LearnedRange, PredictionType.Epsilon, 0.0, TimestepSampling.Uniform],
        [TrainingLoss.Hybrid, ModelVariance.LearnedRange, PredictionType.VPrediction, 5.0, TimestepSampling.Uniform],
    ];

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DynamicData(nameof(Losses))]
    public void Fit_TinySet_LossFalls(
        TrainingLoss loss,
        ModelVariance variance,
        PredictionType prediction,
        double gamma,
        TimestepSampling sampling)
    {
        var reports = new List<TrainingProgress>();
        var options = Options(variance) with
        {
            Prediction = prediction,
            Network = TinyModel.Options.Network with { BaseChannels = 16 },
            Training = new TrainingOptions
            {
                Loss = loss,
                MinimumSnrGamma = gamma > 0 ? gamma : null,
                TimestepSampling = sampling,
                NumberOfSteps = 80,
                BatchSize = 16,
                LearningRate = 4e-3,
                WarmupSteps = 5,
                ReportEverySteps = 8,
                Validation = new ValidationOptions { EverySteps = 8, DrawsPerImage = 16 },
                Progress = new Direct<TrainingProgress>(reports.Add),
            },
        };

        var mlContext = new MLContext(seed: 3);
        var rows = Pictures.Rows(mlContext);
        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(rows, rows);

        // As validation judges the pictures themselves, at all noise levels: the losses of single steps depend on which levels they drew, those of
        // the bound most.
        var first = reports.First(report => report.ValidationLoss is not null); // not of the first step
        Assert.IsLessThan(
            0.8 * first.ValidationLoss!.Value,
            reports[^1].ValidationLoss!.Value,
            $"from {first.ValidationLoss} to {reports[^1].ValidationLoss}");
        Assert.AreEqual(0, model.Training!.SkippedSteps);
    }

    [TestMethod]
    public void Fit_LossAware_SameSeedGivesTheSameModel()
    {
        var options = Options(ModelVariance.LearnedRange) with
        {
            Schedule = NoiseSchedule.Cosine(4), // few timesteps, so that each soon has its ten losses
            Training = TinyModel.Options.Training with
            {
                Loss = TrainingLoss.Variational,
                TimestepSampling = TimestepSampling.LossAware,
                NumberOfSteps = 20,
            },
        };
        using var first = TinyModel.Train(options);
        using var second = TinyModel.Train(options);
        using var uniform =
            TinyModel.Train(options with { Training = options.Training with { TimestepSampling = TimestepSampling.Uniform } });

        var digest = Pictures.Digest(first.Generate(2));

        Assert.AreEqual(digest, Pictures.Digest(second.Generate(2)));
        Assert.AreNotEqual(digest, Pictures.Digest(uniform.Generate(2)));
    }

    [TestMethod]
    public void Fit_LearnedVariance_TrainsTheHybridLossUnlessToldOtherwise()
    {
        using var model = TinyModel.Train(Options(ModelVariance.LearnedRange));
        using var hybrid =
            TinyModel.Train(
                Options(ModelVariance.LearnedRange) with { Training = TinyModel.Options.Training with { Loss = TrainingLoss.Hybrid } });

        Assert.AreEqual(model.Training!.FinalLoss, hybrid.Training!.FinalLoss);
        Assert.AreEqual(ModelVariance.LearnedRange, model.Variance);
    }

    private static DiffusionOptions Options(ModelVariance variance) => TinyModel.Options with { Schedule = _short, Variance = variance };
}
