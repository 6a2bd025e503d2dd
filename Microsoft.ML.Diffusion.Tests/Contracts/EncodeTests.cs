using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class EncodeTests
{
    private static readonly DiffusionTransformer _model = TrainedModel.Shared;
    private static MLImage[] _images = null!;

    [ClassInitialize]
    public static void Draw(TestContext context) => _images = TrainedModel.Unseen(8);

    [ClassCleanup]
    public static void Free() => Array.ForEach(_images, image => image.Dispose());

    [TestMethod]
    public void ReconstructionError_MoreSteps_Falls()
    {
        int[] steps = [10, 20, 50, 100];

        var errors = Array.ConvertAll(steps, count => _model.ReconstructionError(_images, Ddim(count)).Average());

        var report = string.Join(", ", steps.Zip(errors, (count, error) => FormattableString.Invariant($"S={count}: {error:g3}")));
        Console.WriteLine(report);
        for (var i = 1; i < steps.Length; i++)
        {
            Assert.IsLessThan(errors[i - 1], errors[i], report);
        }

        // DDIM's table 2 falls from 0.014 at 10 steps to 0.0009 at 100: by a factor of 15.
        Assert.IsLessThan(errors[0] / 8, errors[3], report);
    }

    [TestMethod]
    public void ReconstructionError_IsThatOfTheDecodedImages()
    {
        var options = Ddim(50);

        var errors = _model.ReconstructionError(_images, options);
        var again = _model.Decode(_model.Encode(_images, options));

        for (var i = 0; i < _images.Length; i++)
        {
            // Colours in [0, 1]; what is decoded is rounded to one level of 255, half a level at most.
            Assert.AreEqual(Math.Sqrt(errors[i]), Pictures.Distance(_images[i], again[i]) / 255, 0.5 / 255);
            again[i].Dispose();
        }
    }

    [TestMethod]
    public void Encode_GivesLatentsOfTheHighestTimestep()
    {
        var latents = _model.Encode(_images[..3], Ddim(5));

        Assert.AreEqual("3 latents of 8x8, 1 channel at timestep 999", latents.ToString());
        Assert.AreEqual(TimestepSubset.Trailing(5), latents.Timesteps);
        Assert.AreEqual(3 * latents.Channels * latents.Height * latents.Width, latents.Values.Length);
        CollectionAssert.AreEqual(latents.Values[64..128].ToArray(), latents[1].ToArray());
    }

    [TestMethod]
    public void Encode_OneImage_IsTheSameInAnyBatch()
    {
        var together = _model.Encode(_images[..6], Ddim(5));

        CollectionAssert.AreEqual(together[4].ToArray(), _model.Encode([_images[4]], Ddim(5))[0].ToArray());
    }

    [TestMethod]
    public void AddNoise_AtBothEnds_IsTheImageAndNormalNoise()
    {
        var first = _model.AddNoise(_images, 0, seed: 1);
        var last = _model.AddNoise(_images, 999, seed: 1).Values.ToArray();

        Assert.AreEqual(0, first.Timestep);
        Assert.IsNull(first.Timesteps);
        var decoded = _model.Decode(first, Ddim(5));
        Assert.IsLessThan(10, Pictures.Distance(_images[0], decoded[0]));
        Pictures.Digest(decoded);

        // 512 values: mean and variance deviate by about 1/sqrt(512) = 0.044 and sqrt(2/512) = 0.0625.
        var mean = last.Average();
        Assert.AreEqual(0, mean, 0.2);
        Assert.AreEqual(1, last.Average(value => (value - mean) * (value - mean)), 0.3);
    }

    [TestMethod]
    public void AddNoise_OneImage_IsTheSameInAnyBatchAndNotThatOfItsNeighbour()
    {
        var together = _model.AddNoise([_images[0], _images[0], _images[1]], 400, seed: 7);

        CollectionAssert.AreEqual(together[0].ToArray(), _model.AddNoise([_images[0]], 400, seed: 7)[0].ToArray());
        CollectionAssert.AreNotEqual(together[0].ToArray(), together[1].ToArray());
        CollectionAssert.AreNotEqual(together[0].ToArray(), _model.AddNoise([_images[0]], 400, seed: 8)[0].ToArray());
    }

    [TestMethod]
    public void Decode_LatentsMadeOfTheirValues_GivesTheSame()
    {
        var latents = _model.Encode(_images[..2], Ddim(5));
        var copy = new DiffusionLatents(latents.Values.Span, latents.Channels, latents.Height, latents.Width, latents.Timestep);

        CollectionAssert.AreEqual(Pictures.Digests(_model.Decode(latents, Ddim(5))), Pictures.Digests(_model.Decode(copy, Ddim(5))));
        CollectionAssert.AreEqual(Pictures.Digests(_model.Decode(latents)), Pictures.Digests(_model.Decode(copy, Ddim(5))));
    }

    [TestMethod]
    public void Encode_Labels_ReachTheNetwork()
    {
        using var model = TinyModel.Train(TinyModel.Labelled);
        using var image = Pictures.Bars(0);

        var plain = model.Encode([image], Ddim(5))[0].ToArray();
        var labelled = model.Encode([image], Ddim(5), [1])[0].ToArray();

        CollectionAssert.AreNotEqual(plain, labelled);
        Assert.IsLessThan(1e-4f, plain.Zip(model.Encode([image], Ddim(5), [-1])[0].ToArray(), (a, b) => Math.Abs(a - b)).Max()); // adds a zero, in another order
        CollectionAssert.AreEqual(plain, model.Encode([image], Ddim(5) with { GuidanceScale = 0 }, [1])[0].ToArray());
    }

    [TestMethod]
    public void Encode_Cancelled_Throws()
    {
        var options = Ddim(5) with { CancellationToken = new CancellationToken(canceled: true) };

        Assert.ThrowsExactly<OperationCanceledException>(() => _model.Encode(_images, options));
    }

    private static GenerationOptions Ddim(int steps) => new() { Sampler = new DdimSampler(steps), BatchSize = 4, Seed = 5 };
}
