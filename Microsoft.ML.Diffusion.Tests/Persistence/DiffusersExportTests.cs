using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.Diffusers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>Models trained here become folders of diffusers and come back the same.</summary>
[TestClass]
public sealed class DiffusersExportTests
{
    private static readonly UNetOptions _network = TinyModel.Options.Network;

    public TestContext TestContext { get; set; } = null!;

    private string NewFolder => Path.Combine(TestContext.TestRunDirectory!, Guid.NewGuid().ToString("N"));

    public static IEnumerable<object[]> Models =>
    [
        ["plain", TinyModel.Options],
        ["labelled", TinyModel.Labelled],
        ["DDPM with learned variance", TinyModel.Options with
        {
            Variance = ModelVariance.LearnedRange,
            Generation = new GenerationOptions { Sampler = new DdpmSampler(20, DdpmVariance.Learned), BatchSize = 4 },
            Schedule = NoiseSchedule.Cosine(20),
        }],
        ["zero terminal SNR, no clipping", TinyModel.Options with
        {
            Schedule = NoiseSchedule.ScaledLinear().WithZeroTerminalSnr(),
            Generation = new GenerationOptions
            {
                Sampler = new DdimSampler(4, 0.5) { Clipping = Clipping.None, Timesteps = TimestepSubset.Uniform(4) },
                BatchSize = 4,
            },
        }],
        ["schedule without formula there", TinyModel.Options with { Schedule = NoiseSchedule.SigmoidCumulative(100).WithZeroTerminalSnr() }],
        ["dynamic thresholding", TinyModel.Options with
        {
            Schedule = NoiseSchedule.Sigmoid(),
            Prediction = PredictionType.Epsilon,
            Generation = new GenerationOptions { Sampler = new DdimSampler(4) { Clipping = Clipping.Dynamic(0.9) }, BatchSize = 4 },
        }],
        ["steps of Stable Diffusion", TinyModel.Options with { Generation = new GenerationOptions
        {
            Sampler = new DdimSampler(1) { Timesteps = TimestepSubset.OfPairs(new(501, 1), new(1, 0)) },
            BatchSize = 4,
        } }],
        ["scale and shift, resampling in blocks", TinyModel.Options with { Network = _network with { Details = new UNetDetails
        {
            ScaleAndShift = true,
            DownBlocks = [UNetBlock.AttentionResidualResampling, UNetBlock.Residual],
            UpBlocks = [UNetBlock.ResidualResampling, UNetBlock.Residual],
            NormalizationEpsilon = 1e-5,
            MiddleAttentionGroups = 0,
        } } }],
        ["no middle, other channels", TinyModel.Options with { Network = _network with
        {
            AttentionHeadDimension = 4,
            Details = new UNetDetails { Middle = UNetMiddle.None, LevelChannels = [8, 12], CenterInput = true, TimestepFeatures = 20 },
        } }],
        ["diffusers' own defaults", TinyModel.Options with { Network = _network with { Details = new UNetDetails
        {
            Middle = UNetMiddle.Residual,
            MiddleScale = 1.5,
            DownsamplePadding = 1,
            CosinesFirst = true,
            FrequencyShift = 0,
            DownBlocks = [UNetBlock.ResidualResampling, UNetBlock.Attention],
        } } }],
    ];

    [TestMethod]
    [DynamicData(nameof(Models), DynamicDataDisplayName = nameof(NameOf))]
    public void LoadDiffusers_OfAnExport_IsTheSameModel(string name, object options)
    {
        var (mlContext, folder) = (new MLContext(seed: 3), NewFolder);
        using var model = TinyModel.Train((DiffusionOptions)options, mlContext);
        mlContext.Diffusion.SaveDiffusers(model, folder);

        using var again = mlContext.Diffusion.LoadDiffusers(folder, new DiffusersOptions { Device = "cpu" });

        AreEqual(model, again, name);
        Assert.AreEqual(model.Generation.Sampler, again.Generation.Sampler);
        CollectionAssert.AreEqual(model.Schedule.Betas.ToArray(), again.Schedule.Betas.ToArray());
        CollectionAssert.AreEqual(model.ClassNames.ToArray(), again.ClassNames.ToArray());
        Assert.AreEqual((model.Prediction, model.Variance), (again.Prediction, again.Variance));
    }

    [TestMethod]
    [DynamicData(nameof(Models), DynamicDataDisplayName = nameof(NameOf))]
    public void Load_FromTheZip_IsTheSameModel(string name, object options)
    {
        var (mlContext, path) = (new MLContext(seed: 3), NewFolder + ".zip");
        using var model = TinyModel.Train((DiffusionOptions)options, mlContext);
        mlContext.Model.Save(model, null, path);

        using var again = mlContext.Model.Load(path, out _).GetDiffusion();

        AreEqual(model, again, name);
        Assert.AreEqual(model.Generation, again.Generation);
        Assert.AreEqual(model.ToString(), again.ToString());
    }

    [TestMethod]
    public void Fit_ShapeOfAnImport_LearnsFromIt()
    {
        var (mlContext, folder) = (new MLContext(seed: 3), NewFolder);
        using (var model = TinyModel.Train((DiffusionOptions)Models.ElementAt(7)[1], mlContext))
        {
            mlContext.Diffusion.SaveDiffusers(model, folder);
        }

        using var imported = mlContext.Diffusion.LoadDiffusers(folder, new DiffusersOptions { Device = "cpu" });
        using var tuned =
            TinyModel.Train(
                TinyModel.Options with { Network = imported.Network, Schedule = imported.Schedule, Prediction = imported.Prediction },
                mlContext);

        Assert.AreEqual(imported.NumberOfParameters, tuned.NumberOfParameters);
        Assert.AreEqual(imported.Network.ToString(), tuned.Network.ToString());
        Assert.IsTrue(double.IsFinite(tuned.Training!.FinalLoss));
    }

    [TestMethod]
    [DataRow("PatchSize", "PatchSize = 2 cannot be saved for diffusers, because UNet2DModel folds no patches.")]
    [DataRow("ResampleWithConvolution", "ResampleWithConvolution = False cannot be saved for diffusers, because UNet2DModel always convolves where the resolution changes.")]
    [DataRow("ChannelMultipliers", "ChannelMultipliers = 16 cannot be saved for diffusers, because UNet2DModel has BaseChannels channels on its first level.")]
    [DataRow("MiddleAttentionGroups", "MiddleAttentionGroups = 0 cannot be saved for diffusers, because UNet2DModel leaves that normalization out with ScaleAndShift only.")]
    [DataRow("DownBlocks", "DownBlocks = Attention, AttentionResidualResampling, Residual cannot be saved for diffusers, because UNet2DModel changes the resolution in the same way on all levels with attention.")]
    public void ToConfig_WhatDiffusersCannotExpress_IsRefusedByName(string option, string message)
    {
        var network = option switch
        {
            "PatchSize" => _network with { PatchSize = 2 },
            "ResampleWithConvolution" => _network with { ResampleWithConvolution = false },
            "ChannelMultipliers" => _network with { ChannelMultipliers = [2, 1] },
            "MiddleAttentionGroups" => _network with { Details = new UNetDetails { MiddleAttentionGroups = 0 } },
            _ => _network with
            {
                ChannelMultipliers = [1, 1, 1],
                Details = new UNetDetails { DownBlocks = [UNetBlock.Attention, UNetBlock.AttentionResidualResampling, UNetBlock.Residual] },
            },
        };
        var description =
            new ModelDescription(new ImageShape(1, 8, 8), network, NoiseSchedule.Linear(), PredictionType.Epsilon, ModelVariance.Fixed, []);

        Messages.Expect<NotSupportedException>(message, () => DiffusersExport.ToConfig(description));
    }

    [TestMethod]
    public void SaveDiffusers_SamplerThatDiffusersHasNot_IsRefusedByName()
    {
        var (mlContext, folder) = (new MLContext(seed: 3), NewFolder);
        using var model = TinyModel.Train(mlContext: mlContext);

        Messages.Expect<NotSupportedException>(
            $"Sampler = {new HeunSampler()} cannot be saved for diffusers: only DDIM without sigma-hat and DDPM can. Pass another sampler, such as new DdimSampler().",
            () => mlContext.Diffusion.SaveDiffusers(model, folder, new HeunSampler()));
        Messages.Expect<NotSupportedException>(
            "Sampler.Timesteps = 30 quadratic steps cannot be saved for diffusers, because its scheduler would take other steps. Pass a sampler whose number of steps divides 1000.",
            () => mlContext.Diffusion.SaveDiffusers(model, folder, new DdimSampler() { Timesteps = TimestepSubset.Quadratic(30) }));
        Messages.Expect<NotSupportedException>(
            "Sampler.Timesteps = 50 trailing steps cannot be saved for diffusers, because its scheduler would take other steps, and draw noise in the last. Pass a sampler whose number of steps divides 1000, such as new DdpmSampler(1000).",
            () => mlContext.Diffusion.SaveDiffusers(model, folder, new DdpmSampler(50, DdpmVariance.FixedLarge)));
        Assert.IsFalse(Directory.Exists(folder));
    }

    [TestMethod]
    public void SaveDiffusers_FolderThatHoldsSomething_LeavesItAlone()
    {
        var (mlContext, folder) = (new MLContext(seed: 3), NewFolder);
        using var model = TinyModel.Train(mlContext: mlContext);
        Directory.CreateDirectory(folder);
        mlContext.Diffusion.SaveDiffusers(model, folder); // empty: taken
        var files =
            Directory.GetFiles(folder, "*", SearchOption.AllDirectories)
                .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))
                .Order(StringComparer.Ordinal);

        CollectionAssert.AreEqual(
            new[] { "model_index.json", "scheduler/scheduler_config.json", "unet/config.json", "unet/diffusion_pytorch_model.safetensors" },
            files.ToArray());
        Messages.Expect<ArgumentException>(
            $"folder must not exist or be empty, because files of two models would mix, but {folder} holds something. Delete it or choose another. (Parameter 'folder')",
            () => mlContext.Diffusion.SaveDiffusers(model, folder));
        Assert.IsEmpty(Directory.GetDirectories(Path.GetDirectoryName(folder)!, Path.GetFileName(folder) + ".*.tmp"));
    }

    public static string NameOf(System.Reflection.MethodInfo method, object[] data) => $"{method.Name} ({data[0]})";

    private static void AreEqual(DiffusionTransformer expected, DiffusionTransformer actual, string what)
    {
        var (first, second) = (expected.Model.Weights(), actual.Model.Weights());
        CollectionAssert.AreEqual(first.Plan.Weights.ToList(), second.Plan.Weights.ToList(), what);
        foreach (var weight in first.Plan.Weights)
        {
            Assert.IsTrue(first[weight].SequenceEqual(second[weight]), $"{what}: {weight.Name}");
        }

        var options = expected.Generation with { Seed = 9, BatchSize = 2 };
        Assert.AreEqual(
            Pictures.Digest(expected.Generate(2, options)),
            Pictures.Digest(actual.Generate(2, actual.Generation with { Seed = 9, BatchSize = 2 })),
            what);
    }
}
