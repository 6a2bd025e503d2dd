using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class ImageToImageTests
{
    private static readonly DiffusionTransformer _model = TrainedModel.Shared;
    private static MLImage[] _images = null!;

    private static readonly Sampler[] _samplers = [new DdimSampler(8), new DdimSampler(8, 0.5), new DdpmSampler(8)];

    public static IEnumerable<TestDataRow<(string Device, string Sampler)>> Samplers => EveryDevice.With(_samplers.Select(sampler => $"{sampler}"));

    [ClassInitialize]
    public static void Draw(TestContext context) => _images = TrainedModel.Unseen(6);

    [ClassCleanup]
    public static void Free() => Array.ForEach(_images, image => image.Dispose());

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void ImageToImage_EqualsDecodingAddedNoise(string device, string sampler)
    {
        var options = Options(Named(sampler));

        var edited = TrainedModel.On(device).ImageToImage(_images, 0.45, options);
        var decoded = TrainedModel.On(device).Decode(TrainedModel.On(device).AddNoise(_images, 449, seed: 9), options);

        var distances = edited.Zip(decoded, (a, b) => Pictures.Distance(a, b)).ToArray();
        if (device == "cuda") // where stochastic samplers gave other bits on an H100; why is not known
        {
            Assert.IsLessThan(1, distances.Max(), string.Join(", ", distances));
        }
        else
        {
            CollectionAssert.AreEqual(Pictures.Digests(decoded), Pictures.Digests(edited));
        }
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void ImageToImage_MoreStrength_GoesFurther(string device)
    {
        var options = Options(new DdimSampler(20));

        var distances = Array.ConvertAll([0.05, 0.4, 1.0], strength => Distance(TrainedModel.On(device).ImageToImage(_images, strength, options)));

        Assert.IsLessThan(distances[1], 2 * distances[0]);
        Assert.IsLessThan(distances[2], 1.5 * distances[1]);
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void ImageToImage_OneImage_IsTheSameInAnyBatch(string device, string sampler)
    {
        var together = Pictures.Digests(TrainedModel.On(device).ImageToImage(_images, 0.5, Options(Named(sampler))));

        CollectionAssert.AreEqual(together[..1], Pictures.Digests(TrainedModel.On(device).ImageToImage(_images[..1], 0.5, Options(Named(sampler)))));
    }

    private static Sampler Named(string name) => _samplers.First(sampler => $"{sampler}" == name);

    private static GenerationOptions Options(Sampler sampler) => new() { Sampler = sampler, BatchSize = 4, Seed = 9 };

    // Mean over the pictures.
    private static double Distance(MLImage[] images)
    {
        var distance = images.Zip(_images, (a, b) => Pictures.Distance(a, b)).Average();
        Pictures.Digest(images);
        return distance;
    }
}
