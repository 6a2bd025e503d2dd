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
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void ReconstructionError_MoreSteps_Falls(string device)
    {
        int[] steps = [10, 20, 50, 100];

        var errors = Array.ConvertAll(steps, count => TrainedModel.On(device).ReconstructionError(_images, Ddim(count)).Average());

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
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void ReconstructionError_IsThatOfTheDecodedImages(string device)
    {
        var options = Ddim(50);

        var errors = TrainedModel.On(device).ReconstructionError(_images, options);
        var again = TrainedModel.On(device).Decode(TrainedModel.On(device).Encode(_images, options));

        for (var i = 0; i < _images.Length; i++)
        {
            // Colours in [0, 1]; what is decoded is rounded to one level of 255, half a level at most.
            Assert.AreEqual(Math.Sqrt(errors[i]), Pictures.Distance(_images[i], again[i]) / 255, 0.5 / 255);
            again[i].Dispose();
        }
    }

    [TestMethod]
    [DynamicData(nameof(Starts))]
    public void DrawLatents_Decoded_AreTheImagesOfTheSeed(Sampler sampler)
    {
        var options = new GenerationOptions { Sampler = sampler, Seed = 11, BatchSize = 2 };

        var latents = _model.DrawLatents(3, options);
        var decoded = _model.Decode(latents, options);
        var generated = _model.Generate(3, options);

        for (var i = 0; i < 3; i++)
        {
            CollectionAssert.AreEqual(generated[i].ToPng(), decoded[i].ToPng());
            decoded[i].Dispose();
            generated[i].Dispose();
        }

        CollectionAssert.AreEqual(latents[1].ToArray(), _model.DrawLatents(2, options)[1].ToArray());
    }

    public static IEnumerable<object[]> Starts => [[new DdimSampler(4)], [new DdimSampler(4, eta: 1)], [new EulerSampler(4)], [new DpmSolverSampler(4)]];

    [TestMethod]
    [DataRow(0)]
    [DataRow(1_000_001)]
    public void DrawLatents_OfSuchANumber_AreRefused(int count) => Messages.Expect<ArgumentOutOfRangeException>(
        $"count must be from 1 to 1000000, because all latents are in memory at once. (Parameter 'count')\nActual value was {count}.",
        () => _model.DrawLatents(count));

    [TestMethod]
    public void Encode_GivesLatentsOfTheHighestTimestep()
    {
        var latents = _model.Encode(_images[..3], Ddim(5));

        Assert.AreEqual("3 latents of 8x8, 1 channel at timestep 999", latents.ToString());
        Assert.AreEqual(TimestepSubset.Trailing(5), latents.Timesteps);
        Assert.AreEqual(3 * latents.Channels * latents.Height * latents.Width, latents.Values.Length);
        CollectionAssert.AreEqual(latents.Values[64..128].ToArray(), latents[1].ToArray());
    }

    // The latents are at a level between timesteps 990 and 993, where the run begins.
    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Decode_LevelsBetweenTimesteps_BeginWhereEncodingEnded(string device)
    {
        var options = Ddim(1) with { Sampler = new DdimSampler { Timesteps = TimestepSubset.LogSnr(40) } };

        var (latents, errors) = (TrainedModel.On(device).Encode(_images, options), TrainedModel.On(device).ReconstructionError(_images, options));
        var again = TrainedModel.On(device).Decode(latents, options);

        Assert.IsTrue(latents.Timestep is > 985 and < 995, $"{latents}");
        Assert.AreEqual(TimestepSubset.LogSnr(40), latents.Timesteps);
        for (var i = 0; i < _images.Length; i++)
        {
            Assert.AreEqual(Math.Sqrt(errors[i]), Pictures.Distance(_images[i], again[i]) / 255, 0.5 / 255);
        }

        CollectionAssert.AreEqual(
            Pictures.Digests(again),
            Pictures.Digests(
                TrainedModel.On(device).Decode(
                    latents,
                    new GenerationOptions { Sampler = new EulerSampler { Timesteps = TimestepSubset.LogSnr(40) }, BatchSize = 4 })));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Encode_InversionLevel_ChangesTheLatentsOfAllThatEncodes(string device)
    {
        var (lower, upper) = (Ddim(10), Ddim(10) with { Sampler = new DdimSampler(10) { InversionLevel = InversionLevel.Upper } });

        CollectionAssert.AreNotEqual(TrainedModel.On(device).Encode(_images, lower).Values.ToArray(), TrainedModel.On(device).Encode(_images, upper).Values.ToArray());
        CollectionAssert.AreNotEqual(TrainedModel.On(device).ReconstructionError(_images, lower), TrainedModel.On(device).ReconstructionError(_images, upper));
        CollectionAssert.AreNotEqual(Between(lower.Sampler), Between(upper.Sampler));

        string[] Between(Sampler sampler) =>
            Pictures.Digests(TrainedModel.On(device).Interpolate(_images[0], _images[1], 3, new InterpolationOptions { Sampler = sampler, BatchSize = 4 }));
    }

    [TestMethod]
    public void Encode_ModelWithAnotherSampler_WalksDdimsSteps()
    {
        using var model = TinyModel.Train(TinyModel.Options with { Generation = new GenerationOptions { Sampler = new DpmSolverSampler(20, stochastic: true) } });
        using var image = Pictures.Bars(0);

        var latents = model.Encode([image]);

        CollectionAssert.AreEqual(model.Encode([image], Ddim(50)).Values.ToArray(), latents.Values.ToArray());
        Assert.AreEqual(model.ReconstructionError([image], Ddim(50))[0], model.ReconstructionError([image])[0]);
        CollectionAssert.AreEqual(Pictures.Digests(model.Decode(latents, Ddim(50))), Pictures.Digests(model.Decode(latents)));
    }

    [TestMethod]
    public void Encode_GuidanceAboveOne_IsRefusedAndThatOfTheModelLeftOut()
    {
        const string Message =
            "GuidanceScale must be at most 1 to encode, because guidance pushes x off the path that leads to an image, and at large scales it does not come back, whatever the number of steps. Set it to 1 here; Decode takes any. (Parameter 'GuidanceScale')\nActual value was 1.5.";
        using var model = TinyModel.Train(TinyModel.Labelled with { Generation = Ddim(5) with { GuidanceScale = 1.5 } });
        using var image = Pictures.Bars(0);

        Messages.Expect<ArgumentOutOfRangeException>(Message, () => model.Encode([image], model.Generation, [1]));
        Messages.Expect<ArgumentOutOfRangeException>(Message, () => model.ReconstructionError([image], model.Generation, [1]));
        var latents = model.Encode([image], null, [1]);
        CollectionAssert.AreEqual(model.Encode([image], Ddim(5), [1]).Values.ToArray(), latents.Values.ToArray());
        Assert.AreEqual(model.ReconstructionError([image], Ddim(5), [1])[0], model.ReconstructionError([image], null, [1])[0]);
        CollectionAssert.AreEqual(
            Pictures.Digests(model.Decode(latents, Ddim(5), [1])),
            Pictures.Digests(model.Decode(latents, null, [1])));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Encode_OneImage_IsTheSameInAnyBatch(string device)
    {
        var together = TrainedModel.On(device).Encode(_images[..6], Ddim(5));

        CollectionAssert.AreEqual(together[4].ToArray(), TrainedModel.On(device).Encode([_images[4]], Ddim(5))[0].ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void AddNoise_AtBothEnds_IsTheImageAndNormalNoise(string device)
    {
        var first = TrainedModel.On(device).AddNoise(_images, 0, seed: 1);
        var last = TrainedModel.On(device).AddNoise(_images, 999, seed: 1).Values.ToArray();

        Assert.AreEqual(0, first.Timestep);
        Assert.IsNull(first.Timesteps);
        var decoded = TrainedModel.On(device).Decode(first, Ddim(5));
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
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Decode_LatentsMadeOfTheirValues_GivesTheSame(string device)
    {
        var latents = TrainedModel.On(device).Encode(_images[..2], Ddim(5));
        var copy = new DiffusionLatents(latents.Values.Span, latents.Channels, latents.Height, latents.Width, latents.Timestep);

        CollectionAssert.AreEqual(Pictures.Digests(TrainedModel.On(device).Decode(latents, Ddim(5))), Pictures.Digests(TrainedModel.On(device).Decode(copy, Ddim(5))));
        CollectionAssert.AreEqual(Pictures.Digests(TrainedModel.On(device).Decode(latents)), Pictures.Digests(TrainedModel.On(device).Decode(copy, Ddim(5))));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Encode_Labels_ReachTheNetwork(string device)
    {
        using var model = TinyModel.Train(TinyModel.Labelled);
        using var image = Pictures.Bars(0);

        var plain = model.Encode([image], Ddim(5))[0].ToArray();
        var labelled = model.Encode([image], Ddim(5), [1])[0].ToArray();

        CollectionAssert.AreNotEqual(plain, labelled);
        Assert.IsLessThan(
            1e-4f,
            plain.Zip(model.Encode([image], Ddim(5), [-1])[0].ToArray(), (a, b) => Math.Abs(a - b)).Max()); // adds a zero, in another order
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
