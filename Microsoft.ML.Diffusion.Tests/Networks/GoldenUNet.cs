using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Engines;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>A network of ermongroup/ddim with its weights, inputs and outputs: one file <c>unet_ddim_*</c>.</summary>
internal sealed class GoldenUNet : IDisposable
{
    private const string InputsAndOutputs = "io.";

    private readonly SafetensorsFile _file;
    private readonly JsonNode _config;

    public GoldenUNet(string file)
    {
        _file = SafetensorsFile.Open(GoldenFolder.File(file));
        _config = JsonNode.Parse(_file.Metadata["config"])!;
        var side = _config.Int("image_size");
        Network = new UNet(new UNetPlan(Options, _config.Int("in_channels"), _config.Int("out_ch"), side, side));
    }

    public UNet Network { get; }

    public IReadOnlyList<SafetensorsTensor> Weights =>
        [.. _file.Tensors.Where(tensor => !tensor.Name.StartsWith(InputsAndOutputs, StringComparison.Ordinal))];

    private UNetOptions Options => new()
    {
        BaseChannels = _config.Int("ch"),
        ChannelMultipliers = _config.Ints("ch_mult"),
        NumberOfResidualBlocks = _config.Int("num_res_blocks"),
        AttentionResolutions = _config.Ints("attn_resolutions"),
        ResampleWithConvolution = _config.Flag("resamp_with_conv", true),
        NumberOfNormalizationGroups = 32,
        Dropout = _config.Number("dropout", 0),
    };

    public double[] Values(string name) => _file[InputsAndOutputs + name].ToDoubles();

    /// <summary>Fills every parameter, each exactly once.</summary>
    public void LoadWeights()
    {
        using var noGrad = no_grad();
        var parameters = Network.named_parameters().ToDictionary(parameter => parameter.name, parameter => parameter.parameter);
        var levels = _config.Ints("ch_mult").Length;
        foreach (var weight in Weights)
        {
            var name = ErmongroupNames.ToOurs(weight.Name, levels);
            Assert.IsTrue(parameters.Remove(name, out var parameter), $"{weight.Name}: {name} is no parameter, or was filled before.");

            // Attention's 1x1 convolutions are linear layers here.
            var shape = parameter!.dim() == 2 && weight.Shape is [_, _, 1, 1] ? weight.Shape[..2] : weight.Shape;
            CollectionAssert.AreEqual(parameter.shape, shape, weight.Name);
            using var values = tensor(weight.ToSingles(), shape);
            parameter.copy_(values);
        }

        Assert.IsEmpty(parameters.Keys, "parameters that the file does not fill");
    }

    /// <summary>The output in single precision.</summary>
    public double[] Run(string device)
    {
        var weights = new NetworkWeights(Network.Plan);
        Network.Read(weights);
        using var engine = NetworkEngine.Create(Network.Plan, weights, EveryDevice.Of(device));
        return Run(engine);
    }

    /// <summary>The output in double.</summary>
    public double[] RunInDouble()
    {
        var weights = new NetworkWeights(Network.Plan);
        Network.Read(weights);
        using var engine = new TorchNetwork(Network.Plan, weights, ComputeDevice.Torch, ScalarType.Float64);
        return Run(engine);
    }

    private double[] Run(Network engine)
    {
        var x = _file[InputsAndOutputs + "x"];
        float[] timesteps = [.. _file[InputsAndOutputs + "t"].ToInt64s().Select(t => (float)t)];
        return Array.ConvertAll(EngineInputs.Predict(engine, new((int)x.Shape[0], x.ToSingles(), timesteps, default)), value => (double)value);
    }

    public double[] RunTimestepEmbedding()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var features =
            Network.Plan.Nodes.Index().Single(node => node.Item.Weights.Any(weight => weight.Name == "time_embedding.linear_2.weight"));
        var x = Values("x").ToTensor(_file[InputsAndOutputs + "x"].Shape, ScalarType.Float32);
        return new TorchWalk(Network, x, tensor(_file[InputsAndOutputs + "t"].ToInt64s()), labels: null).To(features.Index).ToDoubles();
    }

    public double[] RunSinusoids()
    {
        using var scope = NewDisposeScope();
        return TorchOperations.Sinusoids(tensor(_file[InputsAndOutputs + "t"].ToInt64s()), _config.Int("ch")).ToDoubles();
    }

    public void Dispose()
    {
        Network.Dispose();
        _file.Dispose();
    }
}
