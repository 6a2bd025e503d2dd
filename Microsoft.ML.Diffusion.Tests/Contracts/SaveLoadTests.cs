using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class SaveLoadTests
{
    public TestContext TestContext { get; set; } = null!;

    private string ModelPath => Path.Combine(TestContext.TestRunDirectory!, $"{TestContext.TestName}-{Guid.NewGuid():N}.zip");

    [TestMethod]
    public void Load_InFreshContext_DrawsTheSamePictures()
    {
        var (mlContext, path) = (new MLContext(seed: 3), ModelPath);
        using var model = TinyModel.Train(TinyModel.Labelled, mlContext);
        mlContext.Model.Save(model, Pictures.Rows(mlContext).Schema, path);

        using var loaded = new MLContext().Model.Load(path, out var schema).GetDiffusion();

        Assert.AreEqual(Pictures.Digest(model.Generate(5)), Pictures.Digest(loaded.Generate(5)));
        Assert.AreEqual(Pictures.Digest(model.Generate([1, 0, -1])), Pictures.Digest(loaded.Generate([1, 0, -1])));
        CollectionAssert.AreEqual(new[] { "even", "odd" }, loaded.ClassNames.ToArray());
        Assert.AreEqual(RecordText.Of(model.Training!), RecordText.Of(loaded.Training!));
        Assert.AreEqual(model.Generation, loaded.Generation);
        Assert.AreEqual(model.ToString(), loaded.ToString());
        Assert.IsNotNull(schema.GetColumnOrNull("Number"));
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    public void Load_InFreshProcess_DrawsTheSamePictures()
    {
        var (mlContext, path) = (new MLContext(seed: 3), ModelPath);
        using var model = TinyModel.Train(mlContext: mlContext);
        mlContext.Model.Save(model, Pictures.Rows(mlContext).Schema, path);

        var digest = ChildProcess.Run("digest", path, "3", "42");

        Assert.AreEqual(Pictures.Digest(model.Generate(3, model.Generation with { Seed = 42 })), digest);
    }

    [TestMethod]
    public void Load_ChainWithStepsBeforeAndAfter_GivesEqualRows()
    {
        var (mlContext, path) = (new MLContext(seed: 3), ModelPath);
        var rows = Pictures.Rows(mlContext);
        var chain = mlContext.Transforms.ConvertToGrayscale("Grey", "Image")
            .Append(mlContext.Transforms.DiffusionTrainer("Generated", "Grey", TinyModel.Options))
            .Append(mlContext.Transforms.ExtractPixels("Pixels", "Generated"));
        var model = chain.Fit(rows);
        mlContext.Model.Save(model, rows.Schema, path);

        var loaded = new MLContext().Model.Load(path, out _);

        CollectionAssert.AreEqual(PixelsOf(model.Transform(rows)), PixelsOf(loaded.Transform(rows)));
        Assert.AreEqual(Pictures.Side, loaded.GetDiffusion().ImageWidth);
    }

    [TestMethod]
    public void Load_EverySamplerAndSchedule_KeepsThem()
    {
        foreach (var (sampler, schedule, prediction) in ((Sampler, NoiseSchedule, PredictionType)[])[
            (
                new DdimSampler(3, 1) { UseSigmaHat = true, Timesteps = TimestepSubset.Quadratic(3) },
                NoiseSchedule.Linear(20),
                PredictionType.Epsilon),
            (
                new DdpmSampler(20, DdpmVariance.FixedLarge) { Clipping = Clipping.None },
                NoiseSchedule.ScaledLinear(20),
                PredictionType.Epsilon),
            (
                new DdimSampler(2) { Timesteps = TimestepSubset.Of(19, 4, 0), Clipping = Clipping.Dynamic(0.9, 1.5) },
                NoiseSchedule.Sigmoid(20).WithZeroTerminalSnr(),
                PredictionType.Sample),
            (
                new DdimSampler(2, 0.5) { Clipping = Clipping.Static(1.5) with { KeepPredictedNoise = true } },
                NoiseSchedule.FromBetas(0.1, 0.2, 0.5),
                PredictionType.VPrediction),
            (new DdpmSampler(5), NoiseSchedule.SigmoidCumulative(20), PredictionType.VPrediction),
            (new DpmSolverSampler(4), NoiseSchedule.Linear(20), PredictionType.Epsilon),
            (
                new DpmSolverSampler(4, stochastic: true) { Timesteps = TimestepSubset.Karras(4, rho: 5) },
                NoiseSchedule.Cosine(20),
                PredictionType.VPrediction),
            (new UniPcSampler(4), NoiseSchedule.Linear(20), PredictionType.Epsilon),
            (new UniPcSampler(5, order: 3) { Timesteps = TimestepSubset.Karras(5) }, NoiseSchedule.Cosine(20), PredictionType.VPrediction),
            (new EulerSampler(4, rho: 1), NoiseSchedule.Linear(20), PredictionType.Epsilon),
            (
                new DdimSampler(4) { Timesteps = TimestepSubset.LogSnr(4), InversionLevel = InversionLevel.Upper },
                NoiseSchedule.Cosine(20),
                PredictionType.VPrediction),
            (
                new DpmSolverSampler(4) { Timesteps = TimestepSubset.LogSnr(4, sigmaMax: 0.4, sigmaMin: 0.05) },
                NoiseSchedule.Linear(20),
                PredictionType.Epsilon),
            (
                new HeunSampler(4) { Timesteps = TimestepSubset.Karras(4, sigmaMax: double.PositiveInfinity, sigmaMin: 0.5) },
                NoiseSchedule.Cosine(20),
                PredictionType.VPrediction),
            (new HeunSampler(4) { Clipping = Clipping.None }, NoiseSchedule.Linear(20), PredictionType.Sample)])
        {
            var (mlContext, path) = (new MLContext(seed: 3), ModelPath);
            var options =
                TinyModel.Options with
                {
                    Schedule = schedule,
                    Prediction = prediction,
                    Generation = new() { Sampler = sampler, BatchSize = 2, Seed = 9 },
                    Training = TinyModel.Options.Training with { NumberOfSteps = 1 },
                };
            using var model = TinyModel.Train(options, mlContext);
            mlContext.Model.Save(model, null, path);

            using var loaded = new MLContext().Model.Load(path, out _).GetDiffusion();

            Assert.AreEqual(sampler, loaded.Generation.Sampler);
            CollectionAssert.AreEqual(schedule.AlphasCumulativeProduct.ToArray(), loaded.Schedule.AlphasCumulativeProduct.ToArray());
            Assert.AreEqual(prediction, loaded.Prediction);
            Assert.AreEqual(Pictures.Digest(model.Generate(2)), Pictures.Digest(loaded.Generate(2)));
        }
    }

    [TestMethod]
    public void GetDiffusion_NoModelInPipeline_Throws()
    {
        var mlContext = new MLContext();
        var model = mlContext.Transforms.CopyColumns("Copy", "Number").Fit(Pictures.Rows(mlContext));

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => model.GetDiffusion());

        Assert.AreEqual(
            "The pipeline holds 0 diffusion models, expected 1. Take the step you mean from the TransformerChain.",
            error.Message);
    }

    private static float[] PixelsOf(IDataView rows) => [.. rows.GetColumn<float[]>("Pixels").SelectMany(pixels => pixels)];
}
