using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>The model that comes with the repository: a file of format 1 that every later version must load.</summary>
[TestClass]
public sealed class GarmentsModelTests
{
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Load(TestContext context) => _model = new MLContext(seed: 1).Model.Load(Garments.ModelPath, out _).GetDiffusion();

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Load_KnowsWhatItIs()
    {
        Assert.AreEqual((28, 28, 1), (_model.ImageWidth, _model.ImageHeight, _model.Channels));
        Assert.HasCount(10, _model.ClassNames);
        Assert.AreEqual(PredictionType.VPrediction, _model.Prediction);
        Assert.AreEqual(10_000, _model.Training!.Images);
    }

    [TestMethod]
    public void ReconstructionError_MoreSteps_Falls()
    {
        var pictures = Garments.Pictures(4);

        var errors =
            ((int[])[5, 10, 20, 50]).Select(
                steps => _model.ReconstructionError(pictures, new GenerationOptions { Sampler = new DdimSampler(steps), BatchSize = 4 })
                    .Average()).ToArray();

        // As in table 2 of the DDIM paper, whose CIFAR-10 model goes from 0.014 at 10 steps to 0.0023 at 50.
        for (var i = 1; i < errors.Length; i++)
        {
            Assert.IsLessThan(errors[i - 1], errors[i], string.Join(", ", errors));
        }

        Assert.IsLessThan(0.01, errors[^1], string.Join(", ", errors));
    }

    // Of 16 unseen garments: 0.0008, where asking at the upper level gives 0.0038.
    [TestMethod]
    public void ReconstructionError_AtTheLowerLevel_IsAFractionOfThatAtTheUpper()
    {
        var pictures = Garments.Pictures(4, unseen: true);
        double Error(InversionLevel level) =>
            _model.ReconstructionError(pictures, new GenerationOptions
            {
                Sampler = new DdimSampler(50) { InversionLevel = level },
                BatchSize = 4,
            }).Average();

        var (lower, upper) = (Error(InversionLevel.Lower), Error(InversionLevel.Upper));

        Assert.IsLessThan(0.5 * upper, lower, $"{lower} against {upper}");
        Assert.IsLessThan(0.0015, lower);
    }

    [TestMethod]
    public void Generate_EachClass_IsDarkAroundAGarment()
    {
        var garments =
            _model.Generate(
                [.. Enumerable.Range(0, 10)],
                new GenerationOptions { Sampler = new DpmSolverSampler(10), Seed = 1, BatchSize = 10 });

        foreach (var garment in garments)
        {
            var pixels = garment.Pixels;
            var corner = pixels[0];
            var mean = 0.0;
            for (var i = 0; i < pixels.Length; i += 4)
            {
                mean += pixels[i] / (pixels.Length / 4.0);
            }

            garment.Dispose();
            Assert.IsLessThan(40, corner);
            Assert.IsGreaterThan(8, mean); // a sandal covers little
        }
    }
}
