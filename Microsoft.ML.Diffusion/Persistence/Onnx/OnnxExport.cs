using System.Globalization;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Writes a model as an ONNX file (ModelProto).</summary>
internal static class OnnxExport
{
    /// <summary>The lowest set of operations that has all that is used, and the version of the format that came with it (ONNX 1.8, of 2020).</summary>
    private const int OperationSet = 13, FormatVersion = 7;

    /// <summary>Where readers of protocol buffers end.</summary>
    private const long MaximumBytes = int.MaxValue;

    /// <summary>Writes the file.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">Where, in a folder that exists.</param>
    /// <param name="content">What the file holds.</param>
    /// <param name="options">How the model generates, checked.</param>
    /// <exception cref="NotSupportedException">ONNX cannot express the options, or the file would be too large; nothing is written.</exception>
    public static void Save(DiffusionModel model, string path, OnnxContent content, GenerationOptions options)
    {
        var weights = new Lazy<NetworkWeights>(model.Weights);
        var message = Create(model.Description, () => weights.Value, content, options);
        AtomicFile.Write(path, message.WriteTo);
    }

    /// <summary>The content of the file.</summary>
    /// <param name="model">What the model is.</param>
    /// <param name="weights">Its weights, which are asked for when the message is written.</param>
    /// <param name="content">What the file holds.</param>
    /// <param name="options">How the model generates, checked.</param>
    public static ProtobufMessage Create(
        ModelDescription model,
        Func<NetworkWeights> weights,
        OnnxContent content,
        GenerationOptions options)
    {
        var plan = model.CreatePlan();
        var graph = content == OnnxContent.Network ? Network(model, plan, weights) : OnnxGenerator.Write(model, plan, weights, options);
        var producer = AssemblyVersion.Of(typeof(OnnxExport)).Split(' ');
        var message = new ProtobufMessage()
            .Add(1, FormatVersion)
            .Add(2, producer[0])
            .Add(3, producer[1])
            .Add(7, graph.ToMessage())
            .Add(8, new ProtobufMessage().Add(1, "").Add(2, OperationSet))
            .Add(14, OnnxMetadata.Of(model, options, content).Select(entry => new ProtobufMessage().Add(1, entry.Key).Add(2, entry.Value)));
        return message.Length <= MaximumBytes
            ? message
            : throw new NotSupportedException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"The model cannot be saved as ONNX, because its file would have {message.Length:N0} bytes and can have {MaximumBytes:N0} only: the network has {plan.NumberOfParameters:N0} weights."));
    }

    /// <summary>The graph of a network alone.</summary>
    /// <param name="model">What the model is.</param>
    /// <param name="plan">Its network.</param>
    /// <param name="weights">The weights, which are asked for when the file is written.</param>
    private static OnnxGraph Network(ModelDescription model, UNetPlan plan, Func<NetworkWeights> weights)
    {
        var (graph, shape) = (new OnnxGraph("network"), model.Shape);
        var sample = graph.Input("sample", OnnxType.Float, OnnxDimension.Batch, shape.Channels, shape.Height, shape.Width);
        var timestep = graph.Input("timestep", OnnxType.Float, new OnnxDimension(null, "steps"));
        var labels = model.NumberOfClasses > 0 ? graph.Input("class_labels", OnnxType.Int64, OnnxDimension.Batch) : null;
        graph.Output(
            new OnnxNetwork(graph, plan, weights).Add(sample, timestep, labels),
            "out_sample",
            OnnxType.Float,
            OnnxDimension.Batch,
            model.OutputChannels,
            shape.Height,
            shape.Width);
        return graph;
    }
}
