using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>Folders of diffusers, broken in every way that users meet.</summary>
[TestClass]
public sealed class DiffusersRefusalTests : DiffusersFolderCopy
{
    [TestMethod]
    public void LoadDiffusers_TensorMissing_IsRefused()
    {
        Rewrite((name, tensor, writer) => AddUnless(name == "conv_in.bias", name, tensor, writer));

        Messages.Expect<FormatException>(
            $"{PathOf(Weights)}: lacks 1 of the tensors of the network of its config.json, such as 'conv_in.bias'.",
            LoadAndDispose);
    }

    [TestMethod]
    public void LoadDiffusers_TensorUnknown_IsRefused()
    {
        Rewrite((name, tensor, writer) =>
        {
            AddUnless(false, name, tensor, writer);
            AddUnless(name != "conv_in.bias", "conv_in.scale", tensor, writer);
        });

        Messages.Expect<FormatException>(
            $"{PathOf(Weights)}: holds the tensor 'conv_in.scale', which the network of its config.json has not, or has had under another name already.",
            LoadAndDispose);
    }

    [TestMethod]
    public void LoadDiffusers_TensorOfAnotherShape_IsRefused()
    {
        Rewrite((name, tensor, writer) =>
            writer.Add(
                name,
                tensor.Type,
                name == "conv_in.weight" ? [16, 27] : tensor.Shape,
                tensor.ToSingles().SelectMany(BitConverter.GetBytes).ToArray()));

        Messages.Expect<FormatException>(
            $"{PathOf(Weights)}: the tensor 'conv_in.weight' is F32 [16, 27], but the network of its config.json needs floating-point numbers [16, 3, 3, 3].",
            LoadAndDispose);
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
        Change("config.json", config => config["block_out_channels"] = new JsonArray(32_000, 64_000));

        Assert.StartsWith(
            $"{PathOf(Weights)}: holds 177427 weights, but the network of its config.json has at least ",
            Assert.ThrowsExactly<FormatException>(LoadAndDispose).Message);
    }

    [TestMethod]
    [DataRow("diffusion_pytorch_model.bin", "keeps its weights in diffusion_pytorch_model.bin, a Python pickle, which can run code and is not read. Save the model again in Python with safe_serialization=True.")]
    [DataRow("diffusion_pytorch_model.safetensors.index.json", "keeps its weights in several files (diffusion_pytorch_model.safetensors.index.json), which is not supported. Save the model again in Python with max_shard_size=\"100GB\".")]
    [DataRow("diffusion_pytorch_model.fp16.safetensors", "has no diffusion_pytorch_model.safetensors, but diffusion_pytorch_model.fp16.safetensors. Rename the variant that you mean to diffusion_pytorch_model.safetensors.")]
    public void LoadDiffusers_WeightsKeptAnotherWay_SaysWhatToDo(string file, string message)
    {
        File.Move(PathOf(Weights), PathOf(file));

        Messages.Expect<NotSupportedException>($"{Folder}: {message}", LoadAndDispose);
    }

    [TestMethod]
    public void LoadDiffusers_NothingThere_SaysSo()
    {
        File.Delete(PathOf(Weights));
        Messages.Expect<FileNotFoundException>($"{Folder}: has no {Weights}.", LoadAndDispose);

        File.Delete(PathOf("config.json"));
        Messages.Expect<FileNotFoundException>($"{Folder}: has no config.json, so it is no folder of a diffusers model.", LoadAndDispose);
        Messages.Expect<DirectoryNotFoundException>(
            $"{PathOf("none")}: there is no such folder. Download the model first, for example with: git clone https://huggingface.co/google/ddpm-cifar10-32",
            () => new MLContext().Diffusion.LoadDiffusers(PathOf("none")));
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
    [DataRow("attention_head_dim", "5", "attention_head_dim: makes no network: AttentionHeadDimension must divide the channels of every level with attention, because attention splits them into heads of that size. (Parameter 'AttentionHeadDimension')\nActual value was 5.")]
    [DataRow("downsample_padding", "2", "downsample_padding: makes no network: DownsamplePadding must be 0 or 1, because any other would not halve an image. (Parameter 'DownsamplePadding')\nActual value was 2.")]
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

        Messages.Expect<NotSupportedException>(
            $"{PathOf("model_index.json")}: _class_name = LDMPipeline is not supported: only DDPMPipeline and DDIMPipeline are.",
            LoadAndDispose);
    }

    private static void AddUnless(bool leavesOut, string name, SafetensorsTensor tensor, SafetensorsWriter writer)
    {
        if (!leavesOut)
        {
            writer.Add(name, tensor.Type, tensor.Shape, tensor.ToSingles().SelectMany(BitConverter.GetBytes).ToArray());
        }
    }
}
