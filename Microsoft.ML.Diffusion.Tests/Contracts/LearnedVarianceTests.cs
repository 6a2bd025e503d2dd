using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>A model with a learned variance, from training to the zip.</summary>
[TestClass]
public sealed class LearnedVarianceTests
{
    private static readonly MLContext _mlContext = new(seed: 3);
    private static DiffusionTransformer _model = null!;

    public TestContext TestContext { get; set; } = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(
        TinyModel.Labelled with
        {
            Variance = ModelVariance.LearnedRange,
            Generation = new GenerationOptions { Sampler = new DdpmSampler(5, DdpmVariance.Learned), BatchSize = 2, Seed = 9 },
        },
        _mlContext);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Load_InFreshContext_DrawsTheSamePictures()
    {
        var path = Path.Combine(TestContext.TestRunDirectory!, $"{Guid.NewGuid():N}.zip");
        _mlContext.Model.Save(_model, null, path);

        using var loaded = new MLContext().Model.Load(path, out _).GetDiffusion();

        Assert.AreEqual(ModelVariance.LearnedRange, loaded.Variance);
        Assert.AreEqual(_model.Generation, loaded.Generation);
        Assert.AreEqual(_model.ToString(), loaded.ToString());
        Assert.AreEqual(Pictures.Digest(_model.Generate([0, 1, -1])), Pictures.Digest(loaded.Generate([0, 1, -1])));
    }

    [TestMethod]
    public void Generate_LearnedVariance_IsNeitherOfTheFixedOnes()
    {
        string[] digests =
            [.. Enum.GetValues<DdpmVariance>().Select(
                variance => Pictures.Digest(_model.Generate(2, _model.Generation with { Sampler = new DdpmSampler(5, variance) })))];

        Assert.AreEqual(3, digests.Distinct().Count());
    }

    [TestMethod]
    public void Denoise_Guided_MovesThePredictionAndKeepsTheVarianceOfTheClass()
    {
        var x = new Batch([.. Enumerable.Range(0, 2 * 64).Select(i => (i / 63.5) - 1)], 2);
        Denoised At(double scale) =>
            _model.Model.Denoiser([0, 1], new Guidance(scale), Clipping.None).Denoise(x, 500, _model.Schedule.AlphaBar(500));

        var (without, labelled, guided) = (At(0), At(1), At(2.5));

        Assert.IsLessThan(1e-6, guided.VarianceInterpolation!.DistanceTo(labelled.VarianceInterpolation!));
        Assert.IsLessThan(
            1e-5,
            guided.OriginalSample.DistanceTo(Batch.Sum((-1.5, without.OriginalSample), (2.5, labelled.OriginalSample))));
        Assert.IsGreaterThan(1e-6, labelled.VarianceInterpolation!.DistanceTo(without.VarianceInterpolation!));
    }

    [TestMethod]
    public void Generate_LearnedVarianceOfAFixedModel_SaysWhy()
    {
        using var model =
            TinyModel.Train(TinyModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 } }, _mlContext);

        var error =
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(
                () => model.Generate(1, new GenerationOptions { Sampler = new DdpmSampler(5, DdpmVariance.Learned) }));

        Assert.AreEqual(
            "Variance must be FixedSmall or FixedLarge, because the model was trained with Variance = Fixed and has learned none. (Parameter 'Variance')\nActual value was Learned.",
            error.Message.ReplaceLineEndings("\n"));
    }
}
