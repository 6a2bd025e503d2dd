using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class StepDrawsTests
{
    private const long Seed = 5;
    private const long FirstSample = 40;

    private static readonly ImageShape _shape = new(2, 2, 3);

    [TestMethod]
    public void Noise_OfAPlace_IsThatOfItsSample()
    {
        float[] noise = new float[_shape.PixelCount], expected = new float[_shape.PixelCount];

        Draws(new TrainingOptions()).Noise(3, noise);

        new RandomNumbers(RandomStream.TrainingNoise, Seed).Normals(FirstSample + 3, 0, expected);
        CollectionAssert.AreEqual(expected, noise);
    }

    [TestMethod]
    public void Flip_SomeImages_MirrorsTheirRowsAndLeavesTheOthers()
    {
        const int images = 40;
        var numbers = Enumerable.Range(0, images * _shape.PixelCount).Select(i => (float)i).ToArray();
        var flipped = numbers.ToArray();

        Draws(new TrainingOptions { FlipHorizontally = true }).Flip(flipped, _shape);

        var mirrored = 0;
        var draws = new RandomNumbers(RandomStream.Flips, Seed);
        for (var i = 0; i < images; i++)
        {
            var image = numbers.Skip(i * _shape.PixelCount).Take(_shape.PixelCount).ToArray();
            var isMirrored = draws.Uniform(FirstSample + i) < 0.5;
            mirrored += isMirrored ? 1 : 0;
            CollectionAssert.AreEqual(
                isMirrored ? image.Chunk(_shape.Width).SelectMany(row => row.Reverse()).ToArray() : image,
                flipped[(i * _shape.PixelCount)..((i + 1) * _shape.PixelCount)]);
        }

        Assert.IsTrue(mirrored is > 8 and < 32, $"{mirrored} of {images}");
        Draws(new TrainingOptions { FlipHorizontally = false }).Flip(numbers, _shape);
        Assert.AreEqual(1f, numbers[1]);
    }

    [TestMethod]
    public void Labels_SomeDropped_AreOfTheImagesOfTheBatch()
    {
        int[] indices = [.. Enumerable.Range(0, 400).Select(i => i % 3)], all = [7, 8, 9];

        var labels = Draws(new TrainingOptions { LabelDropout = 0.25 }).Labels(indices, all);

        Assert.AreEqual(100, labels.Count(label => label == -1), 30);
        Assert.IsTrue(labels.Index().All(label => label.Item == -1 || label.Item == 7 + (label.Index % 3)));
        CollectionAssert.AreEqual(
            Array.ConvertAll(indices, index => all[index]),
            Draws(new TrainingOptions { LabelDropout = 0 }).Labels(indices, all));
    }

    private static StepDraws Draws(TrainingOptions options) => new(Seed, FirstSample, 1000, options);
}
