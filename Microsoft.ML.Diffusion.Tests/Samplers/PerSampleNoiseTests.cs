using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class PerSampleNoiseTests
{
    [TestMethod]
    public void Next_OneSample_DrawsTheSameInAnyBatch()
    {

        var together = Draw(seed: 4, samples: [2, 3, 5]);
        var alone = Draw(seed: 4, samples: [3]);

        CollectionAssert.AreEqual(alone.First.Values, together.First[1].ToArray());
        CollectionAssert.AreEqual(alone.Second.Values, together.Second[1].ToArray());
    }

    [TestMethod]
    public void Next_SeedPlusIndexEqual_DrawsDifferently()
    {

        var first = Draw(seed: 7, samples: [1]);
        var second = Draw(seed: 8, samples: [0]);

        Assert.IsFalse(AnyAlike(first.First, second.First));
        Assert.IsFalse(AnyAlike(first.Second, second.Second));
    }

    [TestMethod]
    public void Next_OfAnotherStreamOrDraw_DrawsDifferently()
    {
        var steps = new PerSampleNoise(4, [2]);

        var (first, second) = (steps.Next(1, 16), steps.Next(1, 16));

        Assert.IsFalse(AnyAlike(first, second));
        Assert.IsFalse(
            AnyAlike(first, new PerSampleNoise(4, [2], RandomStream.StartOfSample).Next(1, 16)),
            "a step draws nothing of the start");
        CollectionAssert.AreEqual(
            new PerSampleNoise(4, [2], RandomStream.StepOfSample, firstDraw: 1).Next(1, 16).Values,
            second.Values,
            "a draw is found by its number");
    }

    [TestMethod]
    public void NoiseFromStart_FirstDraw_IsTheStart()
    {
        var noise =
            new NoiseFromStart(new PerSampleNoise(4, [2], RandomStream.StartOfSample), new PerSampleNoise(4, [2], RandomStream.Inpainting));

        var (first, second, third) = (noise.Next(1, 16), noise.Next(1, 16), noise.Next(1, 16));

        CollectionAssert.AreEqual(new PerSampleNoise(4, [2], RandomStream.StartOfSample).Next(1, 16).Values, first.Values);
        CollectionAssert.AreEqual(new PerSampleNoise(4, [2], RandomStream.Inpainting).Next(1, 16).Values, second.Values);
        CollectionAssert.AreEqual(new PerSampleNoise(4, [2], RandomStream.Inpainting, firstDraw: 1).Next(1, 16).Values, third.Values);
    }

    // An image of a seed starts from what an image was noised with in training, if both are drawn alike: it did so once.
    [TestMethod]
    public void Start_OfAnyImage_IsNotTheNoiseOfTraining()
    {
        var (draws, numbers) = (new StepDraws(4, firstSample: 0, 1000, new TrainingOptions()), new float[64 * 16]);
        for (var place = 0; place < 64; place++)
        {
            draws.Noise(place, numbers.AsSpan(place * 16, 16));
        }

        var starts = new PerSampleNoise(4, Enumerable.Range(0, 64).Select(i => (long)i), RandomStream.StartOfSample).Next(64, 16);

        var noise = Batch.Of(numbers, 64);
        Assert.IsFalse(Enumerable.Range(0, 64).Any(image => Enumerable.Range(0, 64).Any(sample =>
            noise[image].ToArray().Zip(starts[sample].ToArray()).Any(pair => pair.First == pair.Second))));
    }

    [TestMethod]
    public void Next_ManyValues_AreStandardNormal()
    {
        var noise = new PerSampleNoise(seed: 1, samples: [0, 1, 2, 3]);

        var values = noise.Next(4, 10_000);

        Assert.AreEqual(0, values.Mean(), 0.02); // four standard errors of 40,000 draws
        Assert.AreEqual(1, values.Deviation(), 0.015);
        Assert.IsTrue(values.Values.All(value => value == (float)value), "numbers of single precision, widened");
    }

    [TestMethod]
    public void Next_AnotherBatchSize_IsRefused()
    {
        var noise = new PerSampleNoise(seed: 1, samples: [0, 1]);

        var exception = Assert.ThrowsExactly<ArgumentException>(() => noise.Next(3, 4));

        Assert.AreEqual("The batch has 3 samples, but the noise source 2. (Parameter 'count')", exception.Message);
    }

    // A large batch is drawn on several threads.
    [TestMethod]
    public void Next_LargeBatch_DrawsWhatASmallOneDraws()
    {
        var many = new PerSampleNoise(seed: 1, Enumerable.Range(0, 40).Select(i => (long)i)).Next(40, 5_000);

        for (var i = 0; i < 40; i++)
        {
            CollectionAssert.AreEqual(new PerSampleNoise(seed: 1, [i]).Next(1, 5_000).Values, many[i].ToArray());
        }
    }

    private static bool AnyAlike(Batch first, Batch second) => first.Values.Zip(second.Values).Any(pair => pair.First == pair.Second);

    /// <summary>Two draws in a row.</summary>
    private static (Batch First, Batch Second) Draw(long seed, long[] samples)
    {
        var noise = new PerSampleNoise(seed, samples);
        return (noise.Next(samples.Length, 16), noise.Next(samples.Length, 16));
    }
}
