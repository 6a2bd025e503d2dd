using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class PerSampleNoiseTests
{
    [TestMethod]
    public void Next_OneSample_DrawsTheSameInAnyBatch()
    {
        using var scope = NewDisposeScope();

        var together = Draw(seed: 4, samples: [2, 3, 5]);
        var alone = Draw(seed: 4, samples: [3]);

        Assert.IsTrue(together.narrow(1, 1, 1).equal(alone).all().ToBoolean());
    }

    [TestMethod]
    public void Next_SeedPlusIndexEqual_DrawsDifferently()
    {
        using var scope = NewDisposeScope();

        var first = Draw(seed: 7, samples: [1]);
        var second = Draw(seed: 8, samples: [0]);

        Assert.IsFalse(first.equal(second).any().ToBoolean());
    }

    [TestMethod]
    public void Next_OfAnotherStreamOrDraw_DrawsDifferently()
    {
        using var scope = NewDisposeScope();
        var like = empty(1, 1, 4, 4);
        var steps = new PerSampleNoise(4, [2]);

        var (first, second) = (steps.Next(like), steps.Next(like));

        Assert.IsFalse(first.equal(second).any().ToBoolean());
        Assert.IsFalse(
            first.equal(new PerSampleNoise(4, [2], RandomStream.StartOfSample).Next(like)).any().ToBoolean(),
            "a step draws nothing of the start");
        Assert.IsTrue(
            second.equal(new PerSampleNoise(4, [2], RandomStream.StepOfSample, firstDraw: 1).Next(like)).all().ToBoolean(),
            "a draw is found by its number");
    }

    [TestMethod]
    public void NoiseFromStart_FirstDraw_IsTheStart()
    {
        using var scope = NewDisposeScope();
        var like = empty(1, 1, 4, 4);
        var noise =
            new NoiseFromStart(new PerSampleNoise(4, [2], RandomStream.StartOfSample), new PerSampleNoise(4, [2], RandomStream.Inpainting));

        var (first, second, third) = (noise.Next(like), noise.Next(like), noise.Next(like));

        Assert.IsTrue(first.equal(new PerSampleNoise(4, [2], RandomStream.StartOfSample).Next(like)).all().ToBoolean());
        Assert.IsTrue(second.equal(new PerSampleNoise(4, [2], RandomStream.Inpainting).Next(like)).all().ToBoolean());
        Assert.IsTrue(third.equal(new PerSampleNoise(4, [2], RandomStream.Inpainting, firstDraw: 1).Next(like)).all().ToBoolean());
    }

    // An image of a seed starts from what an image was noised with in training, if both are drawn alike: it did so once.
    [TestMethod]
    public void Start_OfAnyImage_IsNotTheNoiseOfTraining()
    {
        using var scope = NewDisposeScope();
        var (draws, numbers) = (new StepDraws(4, firstSample: 0, 1000, new TrainingOptions()), new float[64 * 16]);
        for (var place = 0; place < 64; place++)
        {
            draws.Noise(place, numbers.AsSpan(place * 16, 16));
        }

        var training = tensor(numbers, [64, 1, 4, 4]);
        var starts = new PerSampleNoise(4, Enumerable.Range(0, 64).Select(i => (long)i), RandomStream.StartOfSample).Next(training);

        Assert.IsFalse(training.unsqueeze(0).eq(starts.unsqueeze(1)).any().ToBoolean());
    }

    [TestMethod]
    public void Next_ManyValues_AreStandardNormal()
    {
        using var scope = NewDisposeScope();
        var noise = new PerSampleNoise(seed: 1, samples: [0, 1, 2, 3]);

        var values = noise.Next(empty([4, 1, 100, 100], ScalarType.Float64));

        Assert.AreEqual(ScalarType.Float64, values.dtype);
        Assert.AreEqual(0, values.mean().ToDouble(), 0.02); // four standard errors of 40,000 draws
        Assert.AreEqual(1, values.std().ToDouble(), 0.015);
    }

    [TestMethod]
    public void Next_AnotherBatchSize_IsRefused()
    {
        var noise = new PerSampleNoise(seed: 1, samples: [0, 1]);
        using var like = empty(3, 1, 2, 2);

        var exception = Assert.ThrowsExactly<ArgumentException>(() => noise.Next(like));

        Assert.AreEqual("The batch has 3 samples, but the noise source 2. (Parameter 'like')", exception.Message);
    }

    /// <summary>Two draws in a row, [2, samples, ...].</summary>
    private static Tensor Draw(long seed, long[] samples)
    {
        var noise = new PerSampleNoise(seed, samples);
        var like = empty(samples.Length, 1, 4, 4);
        return stack([noise.Next(like), noise.Next(like)]);
    }
}
