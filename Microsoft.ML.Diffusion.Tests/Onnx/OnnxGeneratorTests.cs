using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Tests.Engines;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Onnx;

/// <summary>Generators in ONNX files make the library's images.</summary>
[TestClass]
public sealed class OnnxGeneratorTests
{
    private static readonly Sampler[] _samplers =
    [
        new DdimSampler(6),
        new DdimSampler(6, 0.5),
        new DdimSampler(6, 1) { UseSigmaHat = true },
        new DdimSampler(6) { Clipping = Clipping.None },
        new DdimSampler(6) { Clipping = Clipping.Static() with { KeepPredictedNoise = true } },
        new DdimSampler(6, 0.5) { Clipping = Clipping.Dynamic(0.9) },
        new DdimSampler(6) { Clipping = Clipping.Dynamic(0.5, 1.5) with { KeepPredictedNoise = true } },
        new DdimSampler(6) { Clipping = Clipping.Dynamic(1) },
        new DdimSampler(6) { Timesteps = TimestepSubset.Uniform(6) },
        new DdimSampler(6) { Timesteps = TimestepSubset.Quadratic(6) },
        new DdimSampler(6) { Timesteps = TimestepSubset.Linspace(6) },
        new DdimSampler(6, 1) { Timesteps = TimestepSubset.Of(0, 3, 50, 400, 900) },
        new DdimSampler(6, 1) { Timesteps = TimestepSubset.OfPairs(new(900, 500), new(500, 100), new(100, 0), new(0, -1)) },
        new DdpmSampler(40),
        new DdpmSampler(6, DdpmVariance.FixedLarge),
        new DdpmSampler(6, DdpmVariance.Learned),
        new DpmSolverSampler(6),
        new DpmSolverSampler(6, stochastic: true),
        new DpmSolverSampler(6) { Timesteps = TimestepSubset.LogSnr(6) },
        new EulerSampler(6),
        new HeunSampler(6),
        new HeunSampler(6) { Timesteps = TimestepSubset.Trailing(6) },
        new DdimSampler(1),
        new HeunSampler(1),
    ];

    public static IEnumerable<(int Index, string Sampler, PredictionType Prediction)> Runs =>
        from sampler in _samplers.Index()
        from prediction in Enum.GetValues<PredictionType>()
        select (sampler.Index, $"{sampler.Item}", prediction);

    [TestMethod]
    [DynamicData(nameof(Runs))]
    public void Generator_OfEachSamplerAndPrediction_MakesTheLibrarysImages(int index, string sampler, PredictionType prediction)
    {
        var chosen = _samplers[index];
        var variance = chosen is DdpmSampler { Variance: DdpmVariance.Learned } ? ModelVariance.LearnedRange : ModelVariance.Fixed;
        using var model = Model(prediction, variance, classes: 0);

        var images = OnnxImages.Compare(model, new GenerationOptions { Sampler = chosen }, count: 16);

        Assert.IsTrue(images.AreEqual, $"{sampler}: {images}");
    }

    [TestMethod]
    [DataRow(1.0, 0.0, 0.0, double.PositiveInfinity, 1)]
    [DataRow(1.0, 0.0, 0.0, double.PositiveInfinity, 5)]
    [DataRow(0.0, 0.0, 0.0, double.PositiveInfinity, 5)]
    [DataRow(3.0, 0.0, 0.0, double.PositiveInfinity, 1)]
    [DataRow(3.0, 0.0, 0.0, double.PositiveInfinity, 5)]
    [DataRow(3.0, 0.7, 0.0, double.PositiveInfinity, 5)]
    [DataRow(3.0, 0.0, 0.5, 5.0, 5)]
    public void Generator_OfClasses_MakesTheLibrarysImages(double scale, double rescale, double sigmaMin, double sigmaMax, int count)
    {
        foreach (var variance in Enum.GetValues<ModelVariance>())
        {
            using var model = Model(PredictionType.VPrediction, variance, classes: 3);
            var options = new GenerationOptions
            {
                Sampler = variance == ModelVariance.Fixed ? new DdimSampler(7) : new DdpmSampler(7, DdpmVariance.Learned),
                GuidanceScale = scale,
                GuidanceRescale = rescale,
                GuidanceSigmaMin = sigmaMin,
                GuidanceSigmaMax = sigmaMax,
            };

            var images = OnnxImages.Compare(model, options, count);

            Assert.IsTrue(images.AreEqual, $"{variance}: {images}");
        }
    }

    private static DiffusionModel Model(PredictionType prediction, ModelVariance variance, int classes)
    {
        var description = new ModelDescription(
            new ImageShape(1, 8, 8),
            TinyModel.Options.Network!,
            NoiseSchedule.Linear(1000),
            prediction,
            variance,
            [.. Enumerable.Range(0, classes).Select(i => $"class {i}")]);
        return new DiffusionModel(description, new CpuNetwork(EngineInputs.Weights(description.CreatePlan())));
    }
}
