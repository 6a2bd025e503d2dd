using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>Folders of diffusers, as they come and broken in every way that users meet.</summary>
[TestClass]
public sealed class DiffusersFolderTests
{
    private const string Weights = DiffusersWeights.FileName;

    private string _folder = "";

    public TestContext TestContext { get; set; } = null!;

    [TestInitialize]
    public void Copy()
    {
        _folder = Path.Combine(TestContext.TestRunDirectory!, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(_folder);
        foreach (var file in new[] { "config.json", Weights })
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "Golden", "data", "unet_diffusers_legacy_attn_names", file), PathOf(file));
        }

        WriteScheduler("""{ "_class_name": "DDPMScheduler", "num_train_timesteps": 20, "variance_type": "fixed_large" }""");
    }

    [TestCleanup]
    public void Delete() => Directory.Delete(_folder, recursive: true);

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
        var rows = mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 4).Select(i => new Picture { Pixels = [.. Enumerable.Range(0, 3 * 16 * 16).Select(j => (float)((i + 1) * j % 256))] }));
        var options = new DiffusionOptions
        {
            Network = model.Network,
            Schedule = model.Schedule,
            Prediction = model.Prediction,
            Generation = model.Generation,
            Training = new TrainingOptions { NumberOfSteps = 1, BatchSize = 4, LearningRate = Rate, LearningRateSchedule = LearningRateSchedule.Constant, WarmupSteps = 0, EmaDecay = 0 },
            Device = "cpu",
        };

        using var tuned = mlContext.Transforms.DiffusionTrainer("Generated", nameof(Picture.Pixels), options).Fit(rows, model);

        using var scope = torch.NewDisposeScope();
        var moved = model.Model.Network.parameters().Zip(tuned.Model.Network.parameters(), (before, after) => (after - before).abs().max().ToDouble()).ToList();
        Assert.IsGreaterThan(Rate / 2, moved.Max());
        Assert.IsLessThan(Rate * 1.01, moved.Max());
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
        File.WriteAllText(PathOf("model_index.json"), """{ "_class_name": "DDPMPipeline", "unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDPMScheduler"] }""");

        using var nested = Load();

        Assert.AreEqual(Drawn(flat), Drawn(nested));
    }

    [TestMethod]
    public void LoadDiffusers_DdimPipelineAroundADdpmScheduler_SamplesAsDdim()
    {
        File.WriteAllText(PathOf("model_index.json"), """{ "_class_name": "DDIMPipeline", "unet": ["diffusers", "UNet2DModel"], "scheduler": ["diffusers", "DDPMScheduler"] }""");

        using var model = Load(new DiffusersOptions { NumberOfInferenceSteps = 5 });

        Assert.AreEqual(new DdimSampler(5) { Timesteps = TimestepSubset.Uniform(5), Clipping = Clipping.Static() with { KeepPredictedNoise = true } }, model.Generation.Sampler);
    }

    [TestMethod]
    public void LoadDiffusers_WithoutScheduler_WarnsAndTakesThePeersDefaults()
    {
        File.Delete(PathOf("scheduler_config.json"));
        var (mlContext, log) = (new MLContext(), new List<string>());
        mlContext.Log += (_, entry) => log.Add(entry.Message);

        using var model = mlContext.Diffusion.LoadDiffusers(_folder, new DiffusersOptions { Device = "cpu" });

        Assert.AreEqual(NoiseSchedule.Linear().ToString(), model.Schedule.ToString());
        Assert.IsTrue(log.Any(message => message.Contains("has no scheduler_config.json", StringComparison.Ordinal)), string.Join('\n', log));
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
        Rewrite((name, tensor, writer) => writer.Add(name, (SafetensorsType)type, tensor.Shape, Encode(tensor.ToSingles(), (SafetensorsType)type)));

        using var model = Load();

        using var scope = torch.NewDisposeScope();
        foreach (var ((_, expected), (name, actual)) in exact.Model.Network.named_parameters().Zip(model.Model.Network.named_parameters()))
        {
            Assert.IsLessThan(1e-2, ((expected - actual).abs() / (expected.abs() + 1e-2)).max().ToDouble(), name);
        }
    }

    [TestMethod]
    public void Load_Weights_CostLittleManagedMemory()
    {
        Change("config.json", config => config["block_out_channels"] = new JsonArray(64, 128));
        var read = DiffusersNetwork.Read(DiffusersConfig.Read(PathOf("config.json")));
        using (var network = new UNet(read.Options, 3, 3, 16, 16))
        using (var stream = File.Create(PathOf(Weights)))
        {
            DiffusersWeights.Write(network, stream);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        using var loaded = DiffusersWeights.Load(_folder, read, 16, 16);

        // Straight from the mapped file into the parameters: what is allocated are the modules and the header.
        var (allocated, bytes) = (GC.GetAllocatedBytesForCurrentThread() - before, new FileInfo(PathOf(Weights)).Length);
        Assert.IsGreaterThan(10_000_000, bytes);
        Assert.IsLessThan(2_000_000, allocated);
    }

    [TestMethod]
    public void LoadDiffusers_TensorMissing_IsRefused()
    {
        Rewrite((name, tensor, writer) => AddUnless(name == "conv_in.bias", name, tensor, writer));

        Messages.Expect<FormatException>($"{PathOf(Weights)}: lacks 1 of the tensors of the network of its config.json, such as 'conv_in.bias'.", LoadAndDispose);
    }

    [TestMethod]
    public void LoadDiffusers_TensorUnknown_IsRefused()
    {
        Rewrite((name, tensor, writer) =>
        {
            AddUnless(false, name, tensor, writer);
            AddUnless(name != "conv_in.bias", "conv_in.scale", tensor, writer);
        });

        Messages.Expect<FormatException>($"{PathOf(Weights)}: holds the tensor 'conv_in.scale', which the network of its config.json has not, or has had under another name already.", LoadAndDispose);
    }

    [TestMethod]
    public void LoadDiffusers_TensorOfAnotherShape_IsRefused()
    {
        Rewrite((name, tensor, writer) => writer.Add(name, tensor.Type, name == "conv_in.weight" ? [16, 27] : tensor.Shape, tensor.ToSingles().SelectMany(BitConverter.GetBytes).ToArray()));

        Messages.Expect<FormatException>($"{PathOf(Weights)}: the tensor 'conv_in.weight' is F32 [16, 27], but the network of its config.json needs floating-point numbers [16, 3, 3, 3].", LoadAndDispose);
    }

    [TestMethod]
    [DataRow("act_fn", "\"si\\ud800lu\"")]
    [DataRow("down_block_types", "[\"DownBlock2D\\ud800\"]")]
    public void LoadDiffusers_TextWithHalfACharacter_IsRefused(string key, string value)
    {
        var config = PathOf("config.json");
        Change("config.json", node => node[key] = "HERE");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"HERE\"", value, StringComparison.Ordinal));

        Assert.StartsWith($"{config}: {key} is no valid text: ", Assert.ThrowsExactly<FormatException>(LoadAndDispose).Message);
    }

    [TestMethod]
    public void LoadDiffusers_NetworkLargerThanItsFile_IsRefusedBeforeMemoryIsTaken()
    {
        Change("config.json", config => config["block_out_channels"] = new JsonArray(1_000_000, 2_000_000));

        Assert.StartsWith($"{PathOf(Weights)}: holds 177427 weights, but the network of its config.json has at least ", Assert.ThrowsExactly<FormatException>(LoadAndDispose).Message);
    }

    [TestMethod]
    [DataRow("diffusion_pytorch_model.bin", "keeps its weights in diffusion_pytorch_model.bin, a Python pickle, which can run code and is not read. Save the model again in Python with safe_serialization=True.")]
    [DataRow("diffusion_pytorch_model.safetensors.index.json", "keeps its weights in several files (diffusion_pytorch_model.safetensors.index.json), which is not supported. Save the model again in Python with max_shard_size=\"100GB\".")]
    [DataRow("diffusion_pytorch_model.fp16.safetensors", "has no diffusion_pytorch_model.safetensors, but diffusion_pytorch_model.fp16.safetensors. Rename the variant that you mean to diffusion_pytorch_model.safetensors.")]
    public void LoadDiffusers_WeightsKeptAnotherWay_SaysWhatToDo(string file, string message)
    {
        File.Move(PathOf(Weights), PathOf(file));

        Messages.Expect<NotSupportedException>($"{_folder}: {message}", LoadAndDispose);
    }

    [TestMethod]
    public void LoadDiffusers_NothingThere_SaysSo()
    {
        File.Delete(PathOf(Weights));
        Messages.Expect<FileNotFoundException>($"{_folder}: has no {Weights}.", LoadAndDispose);

        File.Delete(PathOf("config.json"));
        Messages.Expect<FileNotFoundException>($"{_folder}: has no config.json, so it is no folder of a diffusers model.", LoadAndDispose);
        Messages.Expect<DirectoryNotFoundException>($"{PathOf("none")}: there is no such folder. Download the model first, for example with: git clone https://huggingface.co/google/ddpm-cifar10-32", () => new MLContext().Diffusion.LoadDiffusers(PathOf("none")));
    }

    [TestMethod]
    [DataRow("time_embedding_type", "\"fourier\"", "time_embedding_type = fourier is not supported: only positional is.")]
    [DataRow("time_embedding_type", "\"learned\"", "time_embedding_type = learned is not supported: only positional is.")]
    [DataRow("act_fn", "\"gelu\"", "act_fn = gelu is not supported: only silu is.")]
    [DataRow("class_embed_type", "\"timestep\"", "class_embed_type = timestep is not supported: only null is, with num_class_embeds as the number of classes.")]
    [DataRow("resnet_time_scale_shift", "\"spatial\"", "resnet_time_scale_shift = spatial is not supported: only default and scale_shift are.")]
    [DataRow("mid_block_type", "\"UNetMidBlock2DCrossAttn\"", "mid_block_type = UNetMidBlock2DCrossAttn is not supported: only UNetMidBlock2D and null are.")]
    [DataRow("downsample_type", "\"fir\"", "downsample_type = fir is not supported: only conv and resnet are.")]
    [DataRow("down_block_types", "[\"DownBlock2D\", \"SkipDownBlock2D\"]", "down_block_types = SkipDownBlock2D is not supported: of a way down only DownBlock2D, AttnDownBlock2D, ResnetDownsampleBlock2D are.")]
    [DataRow("norm_num_groups", "null", "norm_num_groups = null is not supported: it must be a number.")]
    [DataRow("in_channels", "4", "in_channels = 4 is not supported: images have 1 channel (grey) or 3 (red, green, blue).")]
    [DataRow("out_channels", "5", "out_channels = 5 is not supported: it must be in_channels = 3, or twice as many with a learned variance.")]
    [DataRow("cross_attention_dim", "8", "cross_attention_dim = 8 is not supported: this key is not known, and it might change what the model does.")]
    [DataRow("_class_name", "\"UNet2DConditionModel\"", "_class_name = UNet2DConditionModel is not supported: only UNet2DModel is.")]
    public void LoadDiffusers_ValueThatIsNotSupported_IsRefusedByName(string key, string value, string message)
    {
        Change("config.json", config => config[key] = JsonNode.Parse(value));

        Messages.Expect<NotSupportedException>($"{PathOf("config.json")}: {message}", LoadAndDispose);
    }

    [TestMethod]
    [DataRow("attention_head_dim", "5", "makes no network: AttentionHeadDimension must divide the channels of every level with attention, because attention splits them into heads of that size. (Parameter 'AttentionHeadDimension')\nActual value was 5.")]
    [DataRow("downsample_padding", "2", "makes no network: DownsamplePadding must be 0 or 1, because any other would not halve an image. (Parameter 'DownsamplePadding')\nActual value was 2.")]
    [DataRow("up_block_types", "[\"UpBlock2D\"]", "up_block_types and block_out_channels must be of one length, but they are of 1 and 2.")]
    [DataRow("flip_sin_to_cos", "\"no\"", "flip_sin_to_cos must be true or false, but it is \"no\".")]
    public void LoadDiffusers_ImpossibleValue_IsRefused(string key, string value, string message)
    {
        Change("config.json", config => config[key] = JsonNode.Parse(value));

        Messages.Expect<FormatException>($"{PathOf("config.json")}: {message}", LoadAndDispose);
    }

    [TestMethod]
    public void LoadDiffusers_OtherPipeline_IsRefused()
    {
        File.WriteAllText(PathOf("model_index.json"), """{ "_class_name": "LDMPipeline", "vqvae": ["diffusers", "VQModel"] }""");

        Messages.Expect<NotSupportedException>($"{PathOf("model_index.json")}: _class_name = LDMPipeline is not supported: only DDPMPipeline and DDIMPipeline are.", LoadAndDispose);
    }

    [TestMethod]
    public void LoadDiffusers_SizeLeftOpen_NeedsTheOption()
    {
        Change("config.json", config => config["sample_size"] = null);
        Messages.Expect<ArgumentOutOfRangeException>("ImageHeight must be set, because the network's config.json has no sample_size. (Parameter 'ImageHeight')", LoadAndDispose);

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

        using var network = new UNet(read.Options, read.InChannels, read.OutChannels, 32, 32);

        Assert.AreEqual(35_746_307, network.parameters().Sum(parameter => parameter.numel()));
        Assert.HasCount(328, network.parameters());
        Assert.IsLessThanOrEqualTo(35_746_307, UNetSize.AtLeast(read.Options, 3, 3, 0));
        Assert.IsGreaterThan(35_746_307 / 6, UNetSize.AtLeast(read.Options, 3, 3, 0));
    }

    private DiffusionTransformer Load(DiffusersOptions? options = null) => new MLContext(seed: 1).Diffusion.LoadDiffusers(_folder, (options ?? new()) with { Device = "cpu" });

    private void LoadAndDispose() => Load().Dispose();

    private static string Drawn(DiffusionTransformer model) => Pictures.Digest(model.Generate(2, model.Generation with { Seed = 4, BatchSize = 2 }));

    private string PathOf(string file) => Path.Combine(_folder, file);

    private void WriteScheduler(string json) => File.WriteAllText(PathOf("scheduler_config.json"), json);

    private void Change(string file, Action<JsonNode> change)
    {
        var config = JsonNode.Parse(File.ReadAllText(PathOf(file)))!;
        change(config);
        File.WriteAllText(PathOf(file), config.ToJsonString());
    }

    private void Rewrite(Action<string, SafetensorsTensor, SafetensorsWriter> add)
    {
        var writer = new SafetensorsWriter();
        using (var file = SafetensorsFile.Open(PathOf(Weights)))
        {
            foreach (var tensor in file.Tensors)
            {
                add(tensor.Name, tensor, writer);
            }
        }

        using var stream = File.Create(PathOf(Weights));
        writer.WriteTo(stream);
    }

    private static void AddUnless(bool leavesOut, string name, SafetensorsTensor tensor, SafetensorsWriter writer)
    {
        if (!leavesOut)
        {
            writer.Add(name, tensor.Type, tensor.Shape, tensor.ToSingles().SelectMany(BitConverter.GetBytes).ToArray());
        }
    }

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
