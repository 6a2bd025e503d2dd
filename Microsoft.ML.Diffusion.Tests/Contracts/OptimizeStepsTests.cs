using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>Timesteps that are found for a model.</summary>
[TestClass]
public sealed class OptimizeStepsTests
{
    private const int Steps = 4;

    private static readonly MLContext _mlContext = new(seed: 3);
    private static readonly DiffusionTransformer _model = TinyModel.Train(TinyModel.Labelled, _mlContext);
    private static readonly GenerationOptions _options = new() { Sampler = new UniPcSampler(), Seed = 4 };
    private static readonly TimestepSubset _found = Find(_options);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void OptimizeSteps_NoiseThatDecides_EndsNearerThanKnownSpacings()
    {
        var end = Drawn(TimestepSubset.LogSnr(300));

        var found = StepPaths.MeanSquare(Drawn(_found), end);

        Assert.AreEqual(Steps, _found.NumberOfInferenceSteps);
        foreach (var spacing in Known(Steps))
        {
            Assert.IsLessThan(StepPaths.MeanSquare(Drawn(spacing), end), found, $"{spacing}");
        }
    }

    // Where whole timesteps are few, a spacing between them may end nearer.
    [TestMethod]
    [DataRow(20, 6)]
    [DataRow(40, 30)]
    public void OptimizeSteps_FewTimesteps_EndNoFartherThanKnownSpacings(int timesteps, int steps)
    {
        using var model = TinyModel.Train(TinyModel.Labelled with { Schedule = NoiseSchedule.Cosine(timesteps) }, _mlContext);
        var end = Drawn(model, TimestepSubset.LogSnr(300));

        var found = _mlContext.Diffusion.OptimizeSteps(model, steps, _options, numberOfImages: 2);

        var distance = StepPaths.MeanSquare(Drawn(model, found), end);
        foreach (var spacing in Known(steps))
        {
            Assert.IsLessThanOrEqualTo(StepPaths.MeanSquare(Drawn(model, spacing), end), distance, $"{spacing}");
        }
    }

    [TestMethod]
    public void OptimizeSteps_EqualSeeds_FindEqualSteps() => Assert.AreEqual(_found, Find(_options));

    [TestMethod]
    public void OptimizeSteps_Found_AreStepsOfAnySamplerAndSavedWithTheModel()
    {
        using var folder = new TemporaryFolder();
        foreach (var sampler in (Sampler[])[new DpmSolverSampler(stochastic: true), new HeunSampler(), new DdpmSampler(), new DdimSampler()])
        {
            using var model = _model.WithGeneration(_options with { Sampler = sampler with { Timesteps = _found } });
            _mlContext.Model.Save(model, null, folder.File("model.zip"));
            using var loaded = _mlContext.Model.Load(folder.File("model.zip"), out _).GetDiffusion();

            Assert.AreEqual(_found, loaded.Generation.Sampler.Timesteps);
            Assert.AreEqual(Pictures.Digest(model.Generate(2)), Pictures.Digest(loaded.Generate(2)));
        }
    }

    [TestMethod]
    public void OptimizeSteps_AsManyAsTimesteps_FindsAll()
    {
        using var model = TinyModel.Train(
            TinyModel.Options with
            {
                Schedule = NoiseSchedule.Linear(5),
                Training = TinyModel.Options.Training with { NumberOfSteps = 1 },
                Generation = new GenerationOptions { Seed = 1 },
            });

        Assert.AreEqual(TimestepSubset.Of(0, 1, 2, 3, 4), _mlContext.Diffusion.OptimizeSteps(model, 5, numberOfImages: 1));
    }

    [TestMethod]
    public void OptimizeSteps_Progress_RisesToTheEnd()
    {
        var reports = new List<double>();

        Find(_options with { Progress = new Direct<double>(reports.Add) });

        Assert.AreSequenceEqual(reports.Order(), reports);
        Assert.IsGreaterThan(100, reports.Count);
        Assert.AreEqual(1, reports[^1]);
    }

    [TestMethod]
    public void OptimizeSteps_CancelledOnTheWay_Ends()
    {
        using var source = new CancellationTokenSource();
        var reports = 0;
        var options = _options with
        {
            CancellationToken = source.Token,
            Progress = new Direct<double>(_ =>
            {
                reports++;
                source.Cancel();
            }),
        };

        Assert.Throws<OperationCanceledException>(() => Find(options));
        Assert.AreEqual(1, reports);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(101)]
    public void OptimizeSteps_NumberWithoutUse_IsRefused(int steps)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _mlContext.Diffusion.OptimizeSteps(_model, steps));

        Assert.StartsWith("steps must be from 2 to 100, because one step has no choice", error.Message);
    }

    [TestMethod]
    [DataRow(0)]
    [DataRow(257)]
    public void OptimizeSteps_NumberOfImagesOutOfRange_IsRefused(int count)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => _mlContext.Diffusion.OptimizeSteps(_model, Steps, numberOfImages: count));

        Assert.StartsWith("numberOfImages must be from 1 to 256, because", error.Message);
    }

    [TestMethod]
    public void OptimizeSteps_SamplerThatDrawsNoise_IsRefused()
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Find(_options with { Sampler = new DdpmSampler(20) }));

        Assert.StartsWith("Sampler must be deterministic, because", error.Message);
    }

    [TestMethod]
    public void OptimizeSteps_DisposedModel_IsRefused()
    {
        var model = _model.WithGeneration(_options);
        model.Dispose();

        Assert.ThrowsExactly<ObjectDisposedException>(() => _mlContext.Diffusion.OptimizeSteps(model, Steps));
    }

    [TestMethod]
    public void Paths_OfThreeSteps_AreTheCheapestOfAll()
    {
        var run = SamplingStep.Reverse(TimestepSubset.Of(999, 800, 620, 400, 250, 90, 10), NoiseSchedule.Cosine());
        Batch[] x = [.. Enumerable.Range(0, 8).Select(seed => Batches.Normal(2, 5, seed))];
        Batch[] x0 = [.. Enumerable.Range(20, 7).Select(seed => Batches.Normal(2, 5, seed))];

        var found = new StepPaths(run, x, x0).Find(3).First();

        var all = from second in Enumerable.Range(1, 6) from third in Enumerable.Range(second + 1, 6 - second) select new[] { 0, second, third };
        CollectionAssert.AreEqual(all.MinBy(Cost), found);

        double Cost(int[] levels) => levels.Zip([.. levels.Skip(1), 7], (from, to) => Math.Sqrt(StepPaths.MeanSquare(
            x[to],
            ProbabilityFlow.Euler(new(x[from]), new(x0[from]), run[from].AlphaBar, to < 7 ? run[to].AlphaBar : 1).Values))).Sum();
    }

    private static TimestepSubset[] Known(int steps) =>
        [TimestepSubset.Karras(steps), TimestepSubset.LogSnr(steps), TimestepSubset.Trailing(steps)];

    private static TimestepSubset Find(GenerationOptions options) =>
        _mlContext.Diffusion.OptimizeSteps(_model, Steps, options, numberOfImages: 2);

    // The noise that decides: images 2 and 3 of the seed, behind the two of the search, of the classes in turn.
    private static Batch Drawn(TimestepSubset timesteps) => Drawn(_model, timesteps);

    private static Batch Drawn(DiffusionTransformer model, TimestepSubset timesteps)
    {
        var options = _options with { Sampler = _options.Sampler with { Timesteps = timesteps } };
        var generator = new ImageGenerator(model.Model, options, _options.Seed!.Value);
        var start =
            new DiffusionProcess.PerSampleNoise(_options.Seed!.Value, [2, 3], RandomStream.StartOfSample)
                .Next(2, model.Description.Shape.PixelCount);
        return generator.Denoise(start, [2, 3], [0, 1], generator.Steps);
    }
}
