using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class EvaluateImageLikelihoodTests
{
    private static readonly DiffusionOptions _options =
        TinyModel.Labelled with { Schedule = NoiseSchedule.Cosine(30), Variance = ModelVariance.LearnedRange };
    private static readonly MLImage[] _images = [.. Enumerable.Range(0, 5).Select(i => Pictures.Bars(i))];
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) =>
        _model = TinyModel.Train(_options with { Training = TinyModel.Options.Training with { NumberOfSteps = 120, LearningRate = 4e-3 } });

    [ClassCleanup]
    public static void Free()
    {
        _model.Dispose();
        Array.ForEach(_images, image => image.Dispose());
    }

    [TestMethod]
    public void Evaluate_TrainedModel_BeatsAnUntrainedOne()
    {
        using var untrained = TinyModel.Train(_options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 } });

        var (before, after) =
            (untrained.EvaluateLikelihood(_images, new() { Seed = 1 }), _model.EvaluateLikelihood(_images, new() { Seed = 1 }));

        Assert.IsLessThan(0.85 * before.BitsPerDimension, after.BitsPerDimension, $"from {before} to {after}");
        Assert.IsLessThan(0.6 * before.Divergence, after.Divergence);
        Assert.AreEqual(after.Prior + after.Divergence + after.Decoder, after.BitsPerDimension, 1e-12);
        Assert.AreEqual(after.BitsPerDimension, after.PerImage.Average(), 1e-9);
        Assert.AreEqual(before.Prior, after.Prior);
        Assert.HasCount(30, after.Timesteps);
        Assert.IsTrue(after.HasAllTimesteps);
    }

    [TestMethod]
    public void Evaluate_AnyBatchSize_GivesTheSame()
    {
        var whole = _model.EvaluateLikelihood(_images, new() { Seed = 1 });
        var pieces = _model.EvaluateLikelihood(_images, new() { Seed = 1, BatchSize = 2 });
        var alone = _model.EvaluateLikelihood(_images[..1], new() { Seed = 1 });

        Golden.GoldenAssert.AreClose(
            whole.PerImage,
            pieces.PerImage,
            "per image",
            relative: 1e-4); // float32 convolutions round by the batch
        Assert.AreEqual(whole.PerImage[0], alone.PerImage[0], 1e-4 * whole.PerImage[0]);
    }

    [TestMethod]
    public void Evaluate_SomeTimesteps_IsWithinItsStandardError()
    {
        var exact = _model.EvaluateLikelihood(_images, new() { Seed = 2 });
        var estimate = _model.EvaluateLikelihood(_images, new() { Seed = 2, NumberOfTimesteps = 16 });

        Assert.IsFalse(estimate.HasAllTimesteps);
        Assert.HasCount(16, estimate.Timesteps);
        Assert.IsGreaterThan(0, estimate.StandardError);
        Assert.IsLessThan(
            4 * estimate.StandardError,
            Math.Abs(estimate.BitsPerDimension - exact.BitsPerDimension),
            $"{estimate} of {exact}");
        Assert.AreEqual(exact.Decoder, estimate.Decoder, 1e-9);
        StringAssert.Contains(estimate.ToString(), "16 timesteps");
    }

    [TestMethod]
    public void Evaluate_OneImage_JoinsTimestepsAndGivesEveryTerm()
    {
        var calls = _model.Model.Calls.Count;

        var bits = _model.EvaluateLikelihood(_images[..1], new() { Seed = 1, BatchSize = 16 });

        Assert.AreEqual(2, _model.Model.Calls.Count - calls);
        Assert.HasCount(30, bits.Terms);
        Assert.IsTrue(bits.Weights.All(weight => weight == 1));
        Assert.AreEqual(bits.Decoder, bits.Terms[0]);
        Assert.AreEqual(bits.Divergence, bits.Terms.Skip(1).Sum(), 1e-12);
        Assert.AreEqual(
            _model.EvaluateLikelihood(_images[..1], new() { Seed = 1, BatchSize = 1 }).BitsPerDimension,
            bits.BitsPerDimension,
            1e-4 * bits.BitsPerDimension);
    }

    [TestMethod]
    public void Evaluate_LabelsAndFixedVariance_Matter()
    {
        var plain = _model.EvaluateLikelihood(_images, new() { Seed = 1 });

        Assert.AreNotEqual(
            plain.BitsPerDimension,
            _model.EvaluateLikelihood(_images, new() { Seed = 1, Labels = [0, 1, 0, 1, 0] }).BitsPerDimension);
        Assert.AreNotEqual(
            plain.BitsPerDimension,
            _model.EvaluateLikelihood(_images, new() { Seed = 1, Variance = DdpmVariance.FixedLarge }).BitsPerDimension);
        Assert.AreNotEqual(plain.BitsPerDimension, _model.EvaluateLikelihood(_images, new() { Seed = 2 }).BitsPerDimension);
    }

    [TestMethod]
    public void Evaluate_ReportsProgressAndLeavesNoTensors() => Alone.Run(() =>
    {
        var shares = new List<double>();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        _model.EvaluateLikelihood(
            _images,
            new() { Seed = 1, BatchSize = 3, NumberOfTimesteps = 3, Progress = new Direct<double>(shares.Add) });

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Golden.GoldenAssert.AreClose([0, 1 / 5.0, 2 / 5.0, 3 / 5.0, 4 / 5.0, 1], shares, "shares", absolute: 1e-12);
    });

    [TestMethod]
    public void Evaluate_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();

        Assert.ThrowsExactly<OperationCanceledException>(
            () => _model.EvaluateLikelihood(
                _images,
                new() { Progress = new Direct<double>(_ => source.Cancel()), CancellationToken = source.Token }));
    }

    [TestMethod]
    public void Evaluate_BadOption_SaysWhy()
    {
        Expect(
            "NumberOfTimesteps must be from 3 to 30, because the standard error needs two timesteps besides 0, and the model has 30; leave it null for all. (Parameter 'NumberOfTimesteps')\nActual value was 2.",
            new() { NumberOfTimesteps = 2 });
        Expect(
            "BatchSize must be from 1 to 65536; leave it null for a size that fits the device. (Parameter 'BatchSize')\nActual value was 0.",
            new() { BatchSize = 0 });
        Expect("Labels must hold one class for each of the 5 images. (Parameter 'Labels')\nActual value was 1.", new() { Labels = [0] });
        Expect(
            "Labels must be from 0 to 1, or -1 for none, because the model knows 2 classes. (Parameter 'Labels')\nActual value was 2.",
            new() { Labels = [0, 1, 2, 0, 0] });
        Expect(
            "Variance must be FixedSmall, FixedLarge or Learned. (Parameter 'Variance')\nActual value was 8.",
            new() { Variance = (DdpmVariance)8 });
        Assert.AreEqual(
            "images must hold at least one image to judge. (Parameter 'images')",
            Assert.ThrowsExactly<ArgumentException>(() => _model.EvaluateLikelihood([])).Message);
        using var wide = Pictures.Bars(0, width: 12);
        Assert.AreEqual(
            "images[0] is 12x8, but the model's images are 8x8. Resize it first. (Parameter 'images')",
            Assert.ThrowsExactly<ArgumentException>(() => _model.EvaluateLikelihood([wide])).Message);
    }

    private static void Expect(string message, LikelihoodOptions options) =>
        Assert.AreEqual(
            message,
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _model.EvaluateLikelihood(_images, options)).Message
                .ReplaceLineEndings("\n"));
}
