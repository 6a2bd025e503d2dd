using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class NoisyBatchTests
{
    private static readonly GaussianDiffusion _diffusion = new(NoiseSchedule.Linear());

    // Large enough to be shared out between threads.
    [TestMethod]
    [DataRow(3, 4)]
    [DataRow(40, 4000)]
    public void Images_AreNoisedToTheirOwnTimesteps(int count, int length)
    {
        var images = Enumerable.Range(0, count * length).Select(i => ((i % 256) / 127.5f) - 1).ToArray();
        int[] timesteps = [.. Enumerable.Range(0, count).Select(i => 999 - (24 * i))];
        int[] labels = [.. Enumerable.Range(-1, count)];

        var batch = new NoisyBatch(_diffusion, images, timesteps, labels, (image, noise) => noise.Fill(image));

        var input = batch.Input(1, count - 1);
        Assert.AreEqual(count - 1, input.Count);
        CollectionAssert.AreEqual(labels[1..], input.Labels.ToArray());
        CollectionAssert.AreEqual(timesteps[1..].Select(t => (float)t).ToArray(), input.Timesteps.ToArray());
        for (var i = 0; i < count; i++)
        {
            var image = batch[i];
            float[] original = images[(i * length)..((i + 1) * length)], noise = new float[length];
            Array.Fill(noise, i);
            CollectionAssert.AreEqual(original, image.Original.ToArray());
            CollectionAssert.AreEqual(noise, image.Noise.ToArray());
            CollectionAssert.AreEqual(_diffusion.AddNoise<float>(original, noise, timesteps[i]), image.Noisy.ToArray());
            Assert.AreEqual(timesteps[i], image.Timestep);
            if (i > 0)
            {
                CollectionAssert.AreEqual(image.Noisy.ToArray(), input.Images.Slice((i - 1) * length, length).ToArray());
            }
        }
    }

    [TestMethod]
    public void Input_WithoutClasses_HasNoLabels() =>
        Assert.IsTrue(new NoisyBatch(_diffusion, [0f, 1f], [3, 4], null, (_, noise) => noise.Clear()).Input(0, 2).Labels.IsEmpty);
}
