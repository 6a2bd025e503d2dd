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
    public void Next_ManyValues_AreStandardNormal()
    {
        using var scope = NewDisposeScope();
        using var noise = new PerSampleNoise(seed: 1, samples: [0, 1, 2, 3]);

        var values = noise.Next(empty([4, 1, 100, 100], ScalarType.Float64));

        Assert.AreEqual(ScalarType.Float64, values.dtype);
        Assert.AreEqual(0, values.mean().ToDouble(), 0.02); // four standard errors of 40,000 draws
        Assert.AreEqual(1, values.std().ToDouble(), 0.015);
    }

    [TestMethod]
    public void Next_AnotherBatchSize_IsRefused()
    {
        using var noise = new PerSampleNoise(seed: 1, samples: [0, 1]);
        using var like = empty(3, 1, 2, 2);

        var exception = Assert.ThrowsExactly<ArgumentException>(() => noise.Next(like));

        Assert.AreEqual("The batch has 3 samples, but the noise source 2 generators. (Parameter 'like')", exception.Message);
    }

    /// <summary>Two draws in a row, [2, samples, ...]: the second depends on how much the first took.</summary>
    private static Tensor Draw(long seed, long[] samples)
    {
        using var noise = new PerSampleNoise(seed, samples);
        var like = empty(samples.Length, 1, 4, 4);
        return stack([noise.Next(like), noise.Next(like)]);
    }
}
