using DocumentationSnippets;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Exact;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>A sampler of one's own works wherever one of the library does, but for files, which refuse it.</summary>
[TestClass]
public sealed class OwnSamplerTests
{
    private static readonly MLContext _mlContext = new(seed: 3);
    private static readonly DiffusionTransformer _model = TinyModel.Train(TinyModel.Labelled, _mlContext);

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    // DDIM's rule, in a user's hands.
    private sealed record Plain(int Steps) : Sampler(TimestepSubset.Trailing(Steps))
    {
        public override bool IsStochastic => false;

        protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context) => ImageBatch.Sum(
            (Math.Sqrt(context.AlphaBarNext), context.PredictedOriginal),
            (Math.Sqrt(1 - context.AlphaBarNext), context.PredictedNoise));
    }

    private sealed record Ruled(Func<ImageBatch, SamplingContext, ImageBatch> Rule, bool Draws = false) : Sampler(TimestepSubset.Trailing(4))
    {
        public override bool IsStochastic => Draws;

        protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context) => Rule(x, context);
    }

    [TestMethod]
    public void Generate_TheRuleOfDdim_DrawsItsImages() => Assert.AreEqual(
        Pictures.Digest(_model.Generate(3, new GenerationOptions { Sampler = new DdimSampler(4), Seed = 1 })),
        Pictures.Digest(_model.Generate(3, new GenerationOptions { Sampler = new Plain(4), Seed = 1 })));

    [TestMethod]
    public void Generate_AnyBatchSize_DrawsTheSameImages()
    {
        var options = new GenerationOptions { Sampler = new OptionsSnippets.MidpointSampler(4), Seed = 1, GuidanceScale = 2 };

        Assert.AreEqual(
            Pictures.Digest(_model.Generate([0, 1, 0], options)),
            Pictures.Digest(_model.Generate([0, 1, 0], options with { BatchSize = 1 })));
    }

    [TestMethod]
    public void Transform_ModelThatGeneratesByIt_DrawsTheImagesOfGenerate()
    {
        using var own = _model.WithGeneration(new GenerationOptions { Sampler = new Plain(4), Seed = 1 });
        using var ddim = _model.WithGeneration(new GenerationOptions { Sampler = new DdimSampler(4), Seed = 1 });
        var rows = Pictures.Rows(_mlContext);

        CollectionAssert.AreEqual(Drawn(ddim), Drawn(own));
        Assert.AreEqual(new Plain(4), own.Generation.Sampler);
        Assert.AreEqual(TinyModel.Labelled.Generation, _model.Generation);

        string[] Drawn(DiffusionTransformer model) =>
            [.. model.Transform(rows).GetColumn<MLImage>("Generated").Take(3).Select(image => Pictures.Digest([image]))];
    }

    [TestMethod]
    public void Transform_CancelledInAStep_Ends()
    {
        using var source = new CancellationTokenSource();
        var taken = 0;
        var sampler = new Ruled((x, _) =>
        {
            taken++;
            source.Cancel();
            return x;
        });
        using var model = _model.WithGeneration(new GenerationOptions { Sampler = sampler, CancellationToken = source.Token });

        Assert.Throws<OperationCanceledException>(
            () => model.Transform(Pictures.Rows(_mlContext)).GetColumn<MLImage>("Generated").First());
        Assert.AreEqual(1, taken);
    }

    [TestMethod]
    public void Save_OwnSampler_IsRefusedWithWhatToDo()
    {
        using var folder = new TemporaryFolder();
        using var model = _model.WithGeneration(new GenerationOptions { Sampler = new Plain(4) });
        var path = folder.File("model.zip");

        var error = Assert.ThrowsExactly<NotSupportedException>(() => _mlContext.Model.Save(model, null, path));

        Assert.AreEqual(
            "Generation.Sampler must be a sampler of the library in a file, because files hold no code, but is Plain. Save model.WithGeneration(...) with another, and pass yours in the GenerationOptions of each call.",
            error.Message);
    }

    [TestMethod]
    public void WithGeneration_Saved_IsLoaded()
    {
        using var folder = new TemporaryFolder();
        var generation = new GenerationOptions { Sampler = new UniPcSampler(6, order: 3), Seed = 8, BatchSize = 2 };
        using var model = _model.WithGeneration(generation);
        _mlContext.Model.Save(model, null, folder.File("model.zip"));

        using var loaded = _mlContext.Model.Load(folder.File("model.zip"), out _).GetDiffusion();

        Assert.AreEqual(generation, loaded.Generation);
        Assert.AreEqual(Pictures.Digest(model.Generate(2)), Pictures.Digest(loaded.Generate(2)));
    }

    [TestMethod]
    public void WithGeneration_OutOfRange_IsRefused() => Assert.ThrowsExactly<ArgumentOutOfRangeException>(
        () => _model.WithGeneration(new GenerationOptions { Sampler = new DdimSampler(2000) }));

    [TestMethod]
    public void Fit_OwnSamplerAndModelFile_IsRefusedBeforeTraining()
    {
        var options = TinyModel.Options with
        {
            Generation = new GenerationOptions { Sampler = new Plain(4) },
            Training = TinyModel.Options.Training with { ModelFile = "model.zip" },
        };

        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => _mlContext.Transforms.DiffusionTrainer("Generated", "Image", options));

        Assert.StartsWith(
            "Generation must have a sampler of the library where ModelFile is set, because files hold no code; pass your own in the GenerationOptions of each call.",
            error.Message);
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(4)]
    public void UniPc_OrderThatIsNotMade_IsRefused(int order) => Assert.StartsWith(
        "order must be 2 or 3, because",
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new UniPcSampler(order: order)).Message);

    [TestMethod]
    public void DrawNoise_SamplerThatSaysItDrawsNone_IsRefused()
    {
        var error = Assert.ThrowsExactly<InvalidOperationException>(() => Generate(new Ruled((_, context) => context.DrawNoise())));

        Assert.StartsWith("Ruled.IsStochastic must be true for DrawNoise, because", error.Message);
    }

    [TestMethod]
    public void DrawNoise_EachCall_IsFreshForEachImage()
    {
        var noise = new List<ImageBatch>();
        Generate(new Ruled(
            (x, context) =>
            {
                noise.Add(context.DrawNoise());
                return x;
            },
            Draws: true));

        Assert.HasCount(4, noise);
        Assert.HasCount(4, noise.Select(drawn => drawn.Values[0][0]).Distinct().ToList());
        Assert.AreEqual(2, noise[0].Count);
        Assert.AreNotEqual(noise[0].Values[0][0], noise[0].Values[1][0]);
    }

    [TestMethod]
    public void TakeStep_Null_IsRefused() => Assert.AreEqual(
        "Ruled.TakeStep must return x after the step, but returned null.",
        Assert.ThrowsExactly<InvalidOperationException>(() => Generate(new Ruled((_, _) => null!))).Message);

    [TestMethod]
    public void TakeStep_ImagesOfAnotherRun_AreRefused()
    {
        ImageBatch? kept = null;
        Generate(new Ruled((x, _) => kept = x));

        var error = Assert.ThrowsExactly<InvalidOperationException>(
            () => _model.Generate(3, new GenerationOptions { Sampler = new Ruled((_, _) => kept!) }));

        Assert.StartsWith("Ruled.TakeStep must return x of this step's batch", error.Message);
    }

    [TestMethod]
    [DataRow(0.0)]
    [DataRow(1.0)]
    [DataRow(double.NaN)]
    public void PredictOriginal_LevelThatNoNetworkKnows_IsRefused(double alphaBar)
    {
        var error = Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => Generate(new Ruled((x, context) => context.PredictOriginal(x, alphaBar))));

        Assert.StartsWith("alphaBar must be above 0 and below 1", error.Message);
    }

    [TestMethod]
    public void PredictOriginal_LevelOfATimestep_AsksThere()
    {
        var (schedule, told) = (_model.Schedule, new List<double>());
        var denoiser = new Denoiser(
            (x, timestep) =>
            {
                told.Add(timestep);
                return x;
            },
            PredictionType.Sample,
            Clipping.None)
        {
            Levels = new(() => new(schedule)),
        };
        var sampler = new Ruled((x, context) => context.PredictOriginal(x, schedule.AlphasCumulativeProduct[context.Index]));

        sampler.Sample(denoiser, new Batch(1, 2), SamplingStep.Reverse(TimestepSubset.Of(900, 400), schedule), new BatchNoise(1));

        Assert.AreEqual(900, told[0]);
        Assert.AreEqual(0, told[1], 1e-9);
        Assert.AreEqual(400, told[2]);
        Assert.AreEqual(1, told[3], 1e-9);
    }

    [TestMethod]
    public void Sum_NothingOrSeveralShapes_IsRefused()
    {
        Assert.ThrowsExactly<ArgumentException>(() => ImageBatch.Sum());
        Assert.ThrowsExactly<ArgumentException>(() => ImageBatch.Sum((1, new(new Batch(1, 2))), (1, new(new Batch(2, 2)))));
        Assert.ThrowsExactly<ArgumentNullException>(() => ImageBatch.Sum((1, null!)));
    }

    // The midpoint rule is of second order: its error falls to a quarter when the steps are doubled.
    [TestMethod]
    public void MidpointOfTheDocuments_OnTheMixture_IsOfSecondOrder()
    {
        var errors = new FlowErrors();

        var order = -ExactRun.Slope(
            [20, 40, 80],
            [.. new[] { 20, 40, 80 }.Select(steps => errors.Generating(new OptionsSnippets.MidpointSampler(steps), steps))]);

        Assert.IsGreaterThan(1.7, order);
    }

    private static void Generate(Sampler sampler) => _model.Generate(2, new GenerationOptions { Sampler = sampler });
}
