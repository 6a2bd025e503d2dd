using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.Diffusers;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>Folders of diffusers, as they come.</summary>
[TestClass]
public sealed class DiffusersFolderTests : DiffusersFolderCopy
{
    [TestMethod]
    public void LoadDiffusers_FolderOfANetwork_Generates()
    {
        using var model = Load();

        Assert.AreEqual((16, 16, 3), (model.ImageWidth, model.ImageHeight, model.Channels));
        Assert.AreEqual(new DdpmSampler(20, DdpmVariance.FixedLarge) { Timesteps = TimestepSubset.Trailing(20) }, model.Generation.Sampler);
        Assert.AreEqual(PredictionType.Epsilon, model.Prediction);
        Assert.HasCount(2, Pictures.Digests(model.Generate(2, model.Generation with { Seed = 1, BatchSize = 2 })).Distinct());
        Pictures.Digest(model.Interpolate(1, 2, 3, new InterpolationOptions { Sampler = new DdimSampler(5) }));
    }

    [TestMethod]
    public void LoadDiffusers_ModelIsTrainedOn_GoesOnFromItsWeightsAndIsSaved()
    {
        const double Rate = 1e-5; // the most that one step of AdamW moves a weight
        using var model = Load();
        var mlContext = new MLContext(seed: 1);
        var rows =
            mlContext.Data.LoadFromEnumerable(
                Enumerable.Range(0, 4).Select(
                    i => new Picture { Pixels = [.. Enumerable.Range(0, 3 * 16 * 16).Select(j => (float)((i + 1) * j % 256))] }));
        var options = new DiffusionOptions
        {
            Network = model.Network,
            Schedule = model.Schedule,
            Prediction = model.Prediction,
            Generation = model.Generation,
            Training = new TrainingOptions
            {
                NumberOfSteps = 1,
                BatchSize = 4,
                LearningRate = Rate,
                LearningRateSchedule = LearningRateSchedule.Constant,
                WarmupSteps = 0,
                EmaDecay = 0,
            },
            Device = "cpu",
        };

        using var tuned = mlContext.Transforms.DiffusionTrainer("Generated", nameof(Picture.Pixels), options).Fit(rows, model);

        var moved = Fixtures.Weights.Difference(model, tuned);
        Assert.IsGreaterThan(Rate / 2, moved);
        Assert.IsLessThan(Rate * 1.01, moved);
        mlContext.Diffusion.SaveModel(tuned, rows.Schema, PathOf("tuned.zip"));
        using var again = mlContext.Diffusion.LoadModel(PathOf("tuned.zip"), out _).GetDiffusion();
        Assert.AreEqual(Drawn(tuned), Drawn(again));
    }

    [TestMethod]
    public void LoadDiffusers_PipelineFolder_IsTheSameModel()
    {
        using var flat = Load();
        Directory.CreateDirectory(PathOf("unet"));
        Directory.CreateDirectory(PathOf("scheduler"));
        File.Move(PathOf("config.json"), PathOf("unet/config.json"));
        File.Move(PathOf(Weights), PathOf($"unet/{Weights}"));
        File.Move(PathOf("scheduler_config.json"), PathOf("scheduler/scheduler_config.json"));
        File.WriteAllText(
            PathOf("model_index.json"),
            """{ "_class_name": "DDPMPipeline", "unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDPMScheduler"] }""");

        using var nested = Load();

        Assert.AreEqual(Drawn(flat), Drawn(nested));
    }

    [TestMethod]
    public void LoadDiffusers_DdimPipelineAroundADdpmScheduler_SamplesAsDdim()
    {
        File.WriteAllText(
            PathOf("model_index.json"),
            """{ "_class_name": "DDIMPipeline", "unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDPMScheduler"] }""");

        using var model = Load(new DiffusersOptions { NumberOfInferenceSteps = 5 });

        Assert.AreEqual(
            new DdimSampler(5) { Timesteps = TimestepSubset.Uniform(5), Clipping = Clipping.Static() with { KeepPredictedNoise = true } },
            model.Generation.Sampler);
    }

    [TestMethod]
    public void LoadDiffusers_WithoutScheduler_WarnsAndTakesThePeersDefaults()
    {
        File.Delete(PathOf("scheduler_config.json"));
        var (mlContext, log) = (new MLContext(), new List<string>());
        mlContext.Log += (_, entry) => log.Add(entry.Message);

        using var model = mlContext.Diffusion.LoadDiffusers(Folder, new DiffusersOptions { Device = "cpu" });

        Assert.AreEqual(NoiseSchedule.Linear().ToString(), model.Schedule.ToString());
        Assert.IsTrue(
            log.Any(message => message.Contains("has no scheduler_config.json", StringComparison.Ordinal)),
            string.Join('\n', log));
    }

    [TestMethod]
    public void Save_ImportedModel_LoadsEqualFromTheZip()
    {
        var (mlContext, path) = (new MLContext(seed: 1), PathOf("model.zip"));
        using var model = Load();
        mlContext.Model.Save(model, null, path);

        using var loaded = mlContext.Model.Load(path, out _).GetDiffusion();

        Assert.AreEqual(Drawn(model), Drawn(loaded));
        Assert.AreEqual(model.Generation, loaded.Generation);
        Assert.AreEqual(model.ToString(), loaded.ToString());
    }

    [TestMethod]
    [DataRow(SafetensorsType.F64)]
    [DataRow(SafetensorsType.F16)]
    [DataRow(SafetensorsType.BF16)]
    public void LoadDiffusers_WeightsOfAnotherType_AreRead(object type)
    {
        using var exact = Load();
        Rewrite((name, tensor, writer) =>
            writer.Add(name, (SafetensorsType)type, tensor.Shape, Encode(tensor.ToSingles(), (SafetensorsType)type)));

        using var model = Load();

        foreach (var (expected, actual) in Fixtures.Weights.Values(exact).Zip(Fixtures.Weights.Values(model)))
        {
            Assert.IsLessThan(1e-2, Math.Abs(expected - actual) / (Math.Abs(expected) + 1e-2));
        }
    }

    [TestMethod]
    public void Load_Weights_CostTheirBufferAndLittleMore()
    {
        Change("config.json", config => config["block_out_channels"] = new JsonArray(64, 128));
        var read = DiffusersNetwork.Read(DiffusersConfig.Read(PathOf("config.json")));
        using (var stream = File.Create(PathOf(Weights)))
        {
            DiffusersWeights.Write(new NetworkWeights(new UNetPlan(read.Options, 3, 3, 16, 16)), stream);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        var loaded = DiffusersWeights.Load(Folder, read, 16, 16);

        // Straight from the mapped file into their buffer: what else is allocated are the plan and the header.
        var (allocated, bytes) = (GC.GetAllocatedBytesForCurrentThread() - before, new FileInfo(PathOf(Weights)).Length);
        Assert.IsGreaterThan(10_000_000, bytes);
        Assert.IsLessThan((sizeof(float) * loaded.Length) + 2_000_000, allocated);
    }

    [TestMethod]
    public void LoadDiffusers_SizeLeftOpen_NeedsTheOption()
    {
        Change("config.json", config => config["sample_size"] = null);
        Messages.Expect<ArgumentOutOfRangeException>(
            "ImageHeight must be set, because the network's config.json has no sample_size. (Parameter 'ImageHeight')",
            LoadAndDispose);

        using var model = Load(new DiffusersOptions { ImageHeight = 8, ImageWidth = 24 });

        Assert.AreEqual((24, 8), (model.ImageWidth, model.ImageHeight));
    }

    [TestMethod]
    public void Read_ConfigOfTheCifarModel_HasItsWeights()
    {
        File.WriteAllText(PathOf("config.json"), """
            { "_class_name": "UNet2DModel", "_diffusers_version": "0.0.4", "act_fn": "silu", "attention_head_dim": null, "block_out_channels": [128, 256, 256, 256],
              "center_input_sample": false, "down_block_types": ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"], "downsample_padding": 0,
              "flip_sin_to_cos": false, "freq_shift": 1, "in_channels": 3, "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-06,
              "norm_num_groups": 32, "out_channels": 3, "sample_size": 32, "time_embedding_type": "positional",
              "up_block_types": ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"] }
            """);
        var read = DiffusersNetwork.Read(DiffusersConfig.Read(PathOf("config.json")));

        var plan = new UNetPlan(read.Options, read.InChannels, read.OutChannels, 32, 32);

        Assert.AreEqual(35_746_307, plan.NumberOfParameters);
        Assert.HasCount(328, plan.Weights);
        Assert.IsLessThanOrEqualTo(35_746_307, UNetSize.AtLeast(read.Options, 3, 3, 0));
        Assert.IsGreaterThan(35_746_307 / 6, UNetSize.AtLeast(read.Options, 3, 3, 0));
    }

    private static string Drawn(DiffusionTransformer model) =>
        Pictures.Digest(model.Generate(2, model.Generation with { Seed = 4, BatchSize = 2 }));

    private static byte[] Encode(float[] values, SafetensorsType type) => [.. values.SelectMany(value => type switch
    {
        SafetensorsType.F64 => BitConverter.GetBytes((double)value),
        SafetensorsType.F16 => BitConverter.GetBytes((Half)value),
        _ => BitConverter.GetBytes(value)[2..], // cut, not rounded
    })];

    private sealed class Picture
    {
        [VectorType(3, 16, 16)]
        public float[] Pixels { get; set; } = [];
    }
}
