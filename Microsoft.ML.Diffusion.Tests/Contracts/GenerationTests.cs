using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class GenerationTests
{
    private static readonly ModelOfEachDevice _models = new(TinyModel.Labelled);

    [ClassCleanup]
    public static void Free() => _models.Dispose();

    private static readonly Sampler[] _samplers =
    [
        new DdimSampler(5),
        new DdimSampler(5, 0.5),
        new DdimSampler(5, 1) { UseSigmaHat = true },
        new DdpmSampler(5),
        new DdpmSampler(5, DdpmVariance.FixedLarge),
        new DpmSolverSampler(5),
        new DpmSolverSampler(5, stochastic: true) { Timesteps = TimestepSubset.Karras(5) },
        new DpmSolverSampler(5) { Timesteps = TimestepSubset.LogSnr(5) },
        new UniPcSampler(5),
        new UniPcSampler(5, order: 3),
        new EulerSampler(5),
        new HeunSampler(5),
    ];

    public static IEnumerable<TestDataRow<(string Device, string Sampler)>> Samplers => EveryDevice.With(_samplers.Select(sampler => $"{sampler}"));

    public static IEnumerable<TestDataRow<(string Device, InterpolationPath Path)>> Paths => EveryDevice.With(Enum.GetValues<InterpolationPath>());

    [TestMethod]
    [DataRow(32, 16)]
    [DataRow(512, 10)]
    [DataRow(2048, 1)]
    public void BatchSize_Unset_IsAsManyAsFitTheMemory(int side, int expected)
    {
        var network =
            new UNetOptions { BaseChannels = 32, ChannelMultipliers = [1, 2], NumberOfResidualBlocks = 2, AttentionResolutions = [] };
        var description =
            new ModelDescription(
                new ImageShape(3, side, side),
                network,
                NoiseSchedule.Linear(),
                PredictionType.Epsilon,
                ModelVariance.Fixed,
                []);
        var weights = new NetworkWeights(description.CreatePlan());
        using var model = new DiffusionModel(description, NetworkEngine.Create(weights.Plan, weights, ComputeDevice.Cpu));

        Assert.AreEqual(side == 32 ? Math.Max(expected, 2 * CoreShare.Cores) : expected, new GenerationOptions().BatchSizeFor(model));
        Assert.AreEqual(7, new GenerationOptions { BatchSize = 7 }.BatchSizeFor(model));
        Assert.AreEqual(1, new GenerationOptions().BatchesAtOnce(model), "images of one batch have all cores");
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Generate_AnyCount_GivesTheSameImages(string device, string sampler)
    {
        var options = new GenerationOptions { Sampler = Named(sampler), Seed = 11, BatchSize = 4 };

        var eight = Digests(_models[device].Generate(8, options));

        CollectionAssert.AreEqual(eight[..1], Digests(_models[device].Generate(1, options)));
        CollectionAssert.AreEqual(eight[..3], Digests(_models[device].Generate(3, options)));
        Assert.AreEqual(8, eight.Distinct().Count());
    }

    // 32 bits of a mixed seed made these pairs one image: the first two, and a seed and the same with a bit above the 32nd.
    [TestMethod]
    [DataRow(19693L, 35840L)]
    [DataRow(1L, 1L + (1L << 32))]
    [DataRow(0L, long.MinValue)]
    public void Generate_SeedsThatWereTwins_GiveOtherImages(long first, long second) =>
        Assert.AreNotEqual(
            Digests(_models["cpu"].Generate(1, _models["cpu"].Generation with { Seed = first }))[0],
            Digests(_models["cpu"].Generate(1, _models["cpu"].Generation with { Seed = second }))[0]);

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Generate_AnotherSeed_GivesOtherImages(string device)
    {
        var first = Digests(_models[device].Generate(3, _models[device].Generation with { Seed = 1 }));
        var second = Digests(_models[device].Generate(3, _models[device].Generation with { Seed = 2 }));

        // Seed + index would make image 1 of seed 1 the image 0 of seed 2.
        Assert.AreEqual(6, first.Concat(second).Distinct().Count());
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Generate_GuidanceScale_OneFollowsTheLabelAndZeroIgnoresIt(string device)
    {
        var options = _models[device].Generation;

        var unlabelled = Digests(_models[device].Generate(4, options));

        CollectionAssert.AreEqual(unlabelled, Digests(_models[device].Generate([1, 1, 1, 1], options with { GuidanceScale = 0 })));
        CollectionAssert.AreEqual(unlabelled, Digests(_models[device].Generate([-1, -1, -1, -1], options)));
        CollectionAssert.AreNotEqual(unlabelled, Digests(_models[device].Generate([1, 1, 1, 1], options)));
        CollectionAssert.AreNotEqual(
            Digests(_models[device].Generate([1, 1, 1, 1], options)),
            Digests(_models[device].Generate([1, 1, 1, 1], options with { GuidanceScale = 3 })));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Generate_GuidanceInterval_AsksTwiceWithinItAlone(string device)
    {
        int[] labels = [1, 1];
        var options = _models[device].Generation with { Sampler = new DdimSampler(10), GuidanceScale = 3, BatchSize = 2 };
        var levels =
            SamplingStep.Reverse(options.Sampler.Timesteps, _models[device].Schedule).Select(step => KarrasSpacing.Sigma(step.AlphaBar)).ToArray();

        // The noisiest level of ten is guided alone, then the cleanest, then none: without a push that is a scale of 1.
        var first = Digests(_models[device].Generate(labels, options with { GuidanceSigmaMin = levels[1] }));
        var last = Digests(_models[device].Generate(labels, options with { GuidanceSigmaMax = levels[^1] }));
        var none = Digests(_models[device].Generate(labels, options with { GuidanceSigmaMin = 2 * levels[0] }));

        CollectionAssert.AreEqual(Digests(_models[device].Generate(labels, options with { GuidanceScale = 1 })), none);
        Assert.AreEqual(8, first.Concat(last).Concat(none).Concat(Digests(_models[device].Generate(labels, options))).Distinct().Count());
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Generate_GuidanceRescale_ChangesGuidedImagesAlone(string device)
    {
        var options = _models[device].Generation with { GuidanceRescale = 0.7 };

        CollectionAssert.AreEqual(Digests(_models[device].Generate([1, 0], _models[device].Generation)), Digests(_models[device].Generate([1, 0], options)));
        CollectionAssert.AreNotEqual(
            Digests(_models[device].Generate([1, 0], _models[device].Generation with { GuidanceScale = 3 })),
            Digests(_models[device].Generate([1, 0], options with { GuidanceScale = 3 })));
    }

    [TestMethod]
    public void Generate_GuidanceOutsideItsRange_SaysWhy()
    {
        void Refused(string message, GenerationOptions options) =>
            Messages.Expect<ArgumentOutOfRangeException>(message, () => _models["cpu"].Generate(1, options));

        Refused(
            "GuidanceRescale must be in [0, 1], because it is the share of the rescaled prediction; 0 turns it off. (Parameter 'GuidanceRescale')\nActual value was 1.5.",
            new() { GuidanceRescale = 1.5 });
        Refused(
            "GuidanceSigmaMin must be a number of at least 0, because it is a noise level in units of the signal; 0 guides to the end. (Parameter 'GuidanceSigmaMin')\nActual value was -1.",
            new() { GuidanceSigmaMin = -1 });
        Refused(
            "GuidanceSigmaMax must be above GuidanceSigmaMin (2.5), because images are guided between the two; infinity guides from the start. (Parameter 'GuidanceSigmaMax')\nActual value was 2.5.",
            new() { GuidanceSigmaMin = 2.5, GuidanceSigmaMax = 2.5 });
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _models["cpu"].Generate(1, new GenerationOptions { GuidanceRescale = double.NaN }));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() =>
            _models["cpu"].Generate(1, new GenerationOptions { GuidanceSigmaMax = double.NaN }));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Interpolate_BetweenSeeds_StartsAndEndsAtTheirImages(string device)
    {
        var options = new GenerationOptions { Sampler = new DdimSampler(5), BatchSize = 4 };

        var path = Digests(_models[device].Interpolate(7, 8, 5, new InterpolationOptions { Sampler = options.Sampler, BatchSize = 4 }));

        Assert.AreEqual(Digests(_models[device].Generate(1, options with { Seed = 7 }))[0], path[0]);
        Assert.AreEqual(Digests(_models[device].Generate(1, options with { Seed = 8 }))[0], path[^1]);
        Assert.AreEqual(5, path.Distinct().Count());
    }

    [TestMethod]
    [DynamicData(nameof(Paths))]
    public void Interpolate_BetweenImages_GivesAsManyAsAsked(string device, InterpolationPath path)
    {
        using var a = Pictures.Bars(0);
        using var b = Pictures.Bars(2);
        var options =
            new InterpolationOptions
            {
                Path = path,
                Seed = 3,
                Label = 1,
                Sampler = path == InterpolationPath.Linear ? new DdpmSampler(20) : new DdimSampler(10),
            };

        var frames = _models[device].Interpolate(a, b, 4, options);
        var again = Digests(_models[device].Interpolate(a, b, 4, options));

        Assert.HasCount(4, frames);
        CollectionAssert.AreEqual(Digests(frames), again);
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Interpolate_LinearAtDepthZero_IsNearlyACrossFade(string device)
    {
        using var a = Pictures.Bars(0);
        using var b = Pictures.Bars(2);

        var frames =
            _models[device].Interpolate(
                a,
                b,
                3,
                new InterpolationOptions { Path = InterpolationPath.Linear, Depth = 0, Seed = 3, Sampler = new DdpmSampler(1000) });

        Assert.IsLessThan(12, Distance(a, frames[0]));
        Assert.IsLessThan(12, Distance(b, frames[2]));
    }

    [TestMethod]
    public void Generate_Cancelled_Throws()
    {
        using var source = new CancellationTokenSource();
        source.Cancel();

        Assert.ThrowsExactly<OperationCanceledException>(() =>
            _models["cpu"].Generate(1, _models["cpu"].Generation with { CancellationToken = source.Token }));
    }

    [TestMethod]
    public void Generate_ReportsProgressUpToOne()
    {
        var reports = new List<double>();

        Digests(_models["cpu"].Generate(8, _models["cpu"].Generation with { Progress = new Direct<double>(reports.Add) }));

        Assert.HasCount(8, reports);
        Assert.AreEqual(1.0, reports[^1]);
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Generate_Observed_ShowsEveryStepOfEveryImageAndChangesNothing(string device)
    {
        var (seen, options) = (new List<string>(), new GenerationOptions { Sampler = new HeunSampler(3), Seed = 11, BatchSize = 4 });
        var lastImages = new List<string>();
        SamplingSnapshot? kept = null;

        var images = Digests(_models[device].Generate(6, options with
        {
            Observer = snapshot =>
            {
                kept = snapshot;
                seen.Add($"{snapshot.Step + 1}/{snapshot.NumberOfSteps}: {snapshot.FirstImage}+{snapshot.NumberOfImages}");
                var values = snapshot.NumberOfImages * _models[device].Channels * _models[device].ImageHeight * _models[device].ImageWidth;
                Assert.HasCount(values, snapshot.GetSample());
                Assert.HasCount(values, snapshot.GetPredictedOriginalSample());
                Assert.HasCount(snapshot.NumberOfImages, snapshot.GetPredictedOriginalImages());
                Assert.IsLessThanOrEqualTo(1.0f, snapshot.GetPredictedOriginalSample().Max(Math.Abs)); // clipped
                if (snapshot.AlphaBar == 1)
                {
                    lastImages.AddRange(Digests(snapshot.GetSampleImages()));
                }
            },
        }));

        CollectionAssert.AreEqual(new[] { "1/3: 0+4", "2/3: 0+4", "3/3: 0+4", "1/3: 4+2", "2/3: 4+2", "3/3: 4+2" }, seen);
        CollectionAssert.AreEqual(images, lastImages);
        CollectionAssert.AreEqual(images, Digests(_models[device].Generate(6, options)));
        Assert.ThrowsExactly<ObjectDisposedException>(() => kept!.GetSample());
        Assert.ThrowsExactly<ObjectDisposedException>(() => kept!.GetSampleImages());
    }

    [TestMethod]
    public void Generate_ObserverCancels_EndsThere()
    {
        using var source = new CancellationTokenSource();
        var steps = 0;

        Assert.ThrowsExactly<OperationCanceledException>(() => _models["cpu"].Generate(1, _models["cpu"].Generation with
        {
            CancellationToken = source.Token,
            Observer = snapshot =>
            {
                steps++;
                source.Cancel();
            },
        }));

        Assert.AreEqual(1, steps);
    }

    [TestMethod]
    public void Generate_ObserverThrows_ItsExceptionReachesTheCaller()
    {
        var exception =
            Assert.ThrowsExactly<FormatException>(
                () => _models["cpu"].Generate(1, _models["cpu"].Generation with { Observer = _ => throw new FormatException("mine") }));

        Assert.AreEqual("mine", exception.Message);
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Interpolate_HeunOverKarrasLevels_ReconstructsItsEnds(string device)
    {
        using var a = Pictures.Bars(0);
        using var b = Pictures.Bars(2);

        var coarse = _models[device].Interpolate(a, b, 2, new InterpolationOptions { Sampler = new HeunSampler(4) });
        var fine = _models[device].Interpolate(a, b, 2, new InterpolationOptions { Sampler = new HeunSampler(100) });

        Assert.IsLessThan(Distance(a, coarse[0]), Distance(a, fine[0]));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Generate_ManyThreads_GiveTheSameImages(string device)
    {
        var alone = Digests(_models[device].Generate(6));

        Parallel.For(0, 8, _ => CollectionAssert.AreEqual(alone, Digests(_models[device].Generate(6))));
    }

    [TestMethod]
    public void Generate_ClassNames_AreTheirLabels()
    {
        CollectionAssert.AreEqual(new[] { "even", "odd" }, _models["cpu"].ClassNames.ToArray());

        CollectionAssert.AreEqual(Digests(_models["cpu"].Generate([1, 0, 1])), Digests(_models["cpu"].Generate(["odd", "even", "odd"])));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void InterpolateGrid_EachPlace_IsThatOfTheSinglePath(string device)
    {
        var options = new InterpolationOptions { Sampler = new DdimSampler(5), BatchSize = 4, Label = 1 };

        var grid = Digests(_models[device].InterpolateGrid([(7, 8), (3, 9)], [0, 0.25, 0.5, 0.75, 1], options));

        CollectionAssert.AreEqual(Digests(_models[device].Interpolate(7, 8, 5, options)), grid[..5]);
        CollectionAssert.AreEqual(Digests(_models[device].Interpolate(3, 9, 5, options)), grid[5..]);
        CollectionAssert.AreEqual(grid[6..7], Digests(_models[device].InterpolateGrid([(3, 9)], [0.25], options)));
    }

    private static Sampler Named(string name) => _samplers.First(sampler => $"{sampler}" == name);

    private static string[] Digests(MLImage[] images) => [.. images.Select(image => Pictures.Digest([image]))];

    // Mean difference of the colours, in levels of 256.
    private static double Distance(MLImage a, MLImage b) => a.Pixels.ToArray().Zip(b.Pixels.ToArray(), (x, y) => Math.Abs(x - y)).Average();
}
