using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>A model of few timesteps works with all defaults, which ask for no more steps than there are.</summary>
[TestClass]
public sealed class FewTimestepsTests
{
    private const int Timesteps = 10;

    private static readonly MLContext _mlContext = new(seed: 1);
    private static readonly List<int> _shown = [];
    private static DiffusionTransformer _model = null!;

    [ClassInitialize]
    public static void Train(TestContext context) => _model = TinyModel.Train(TinyModel.Labelled with
    {
        Schedule = NoiseSchedule.Cosine(Timesteps),
        Generation = new GenerationOptions(),
        OutputColumns = ScoringModel.Columns with { EncodingSampler = null, NumberOfLikelihoodTimesteps = null },
        Training = TinyModel.Options.Training with
        {
            NumberOfSteps = 2,
            SampleGrid = new SampleGridOptions { EverySteps = 1, NumberOfImages = 1, Show = (step, _) => _shown.Add(step) },
        },
    });

    [ClassCleanup]
    public static void Free() => _model.Dispose();

    [TestMethod]
    public void Generation_IsDdimWithAllTimesteps()
    {
        Assert.AreEqual(new DdimSampler(Timesteps), _model.Generation.Sampler);
        Assert.AreEqual(2, _shown.Count);
        CollectionAssert.AreEqual(
            Pictures.Digests(_model.Generate(2, new GenerationOptions { Seed = 1 })),
            Pictures.Digests(_model.Generate(2, new GenerationOptions { Seed = 1, Sampler = new DdimSampler(Timesteps) })));
        Assert.AreEqual("DDIM, 50 trailing steps, eta 0, x_0 clipped to [-1, 1]", new GenerationOptions().Sampler.ToString());
        Assert.AreEqual(
            4,
            _mlContext.Diffusion.GenerateDataView(_model, 4, options: new GenerationOptions()).GetColumn<MLImage>("Image").Count());
    }

    [TestMethod]
    public void Interpolate_EitherPath_DrawsAllFrames()
    {
        using var a = Pictures.Bars(0);
        using var b = Pictures.Bars(2);

        Assert.HasCount(3, Pictures.Digests(_model.Interpolate(a, b, 3)));
        Assert.HasCount(3, Pictures.Digests(_model.Interpolate(a, b, 3, new InterpolationOptions { Path = InterpolationPath.Linear })));
        Assert.HasCount(3, Pictures.Digests(_model.Interpolate(1, 2, 3)));
    }

    [TestMethod]
    public void EncodeEditAndJudge_WithDefaults_Work()
    {
        MLImage[] images = [Pictures.Bars(0)];
        using var mask = Pictures.Grey((x, _) => x < 4 ? (byte)255 : (byte)0);
        var options = new GenerationOptions { Seed = 1 };

        Assert.HasCount(1, Pictures.Digests(_model.Decode(_model.Encode(images, options))));
        Assert.HasCount(1, _model.ReconstructionError(images));
        Assert.HasCount(1, Pictures.Digests(_model.ImageToImage(images, 0.5, options)));
        Assert.HasCount(1, Pictures.Digests(_model.Inpaint(images, [mask], options: options)));
        Assert.HasCount(Timesteps, _model.EvaluateLikelihood(images).Terms);
        images[0].Dispose();
    }

    [TestMethod]
    public void SaveAndTransform_WithDefaultColumns_Work()
    {
        using var folder = new TemporaryFolder();
        var rows = Pictures.Rows(_mlContext);
        var (zip, diffusers) = (Path.Combine(folder.Path, "model.zip"), Path.Combine(folder.Path, "diffusers"));

        _mlContext.Model.Save(_model, rows.Schema, zip);
        _mlContext.Diffusion.SaveDiffusers(_model, diffusers);
        using var again = _mlContext.Model.Load(zip, out _).GetDiffusion();
        using var imported = _mlContext.Diffusion.LoadDiffusers(diffusers);

        Assert.AreEqual(new DdimSampler(Timesteps), again.Generation.Sampler);
        Assert.IsTrue(
            ScoringModel.Read(_mlContext, again.Transform(rows)).All(row => float.IsFinite(row.Bits) && float.IsFinite(row.Error)));
        Assert.HasCount(1, Pictures.Digests(imported.Generate(1)));
    }

    [TestMethod]
    public void SamplersByName_WithoutANumberOfSteps_TakeWhatThereIs()
    {
        foreach (var name in OptionNames.Samplers)
        {
            Assert.HasCount(
                1,
                Pictures.Digests(
                    _model.Generate(1, new GenerationOptions { Seed = 1, Sampler = OptionNames.ToSampler(name, timesteps: Timesteps) })));
        }
    }
}
