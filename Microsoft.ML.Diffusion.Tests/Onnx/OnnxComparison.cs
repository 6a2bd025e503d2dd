using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.Onnx;
using Microsoft.ML.Diffusion.Tests.Networks;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Microsoft.ML.Diffusion.Tests.Onnx;

/// <summary>A network of random weights, computed by the CPU's engine and, from its ONNX file, by ONNX Runtime.</summary>
internal static class OnnxComparison
{
    /// <summary>The largest difference of an output, as a share of the largest number.</summary>
    public const double Tolerance = 1e-5;

    /// <summary>A model of a case's network, without what only training needs.</summary>
    public static ModelDescription Describe(NetworkCase network) => new(
        new ImageShape(network.Channels, network.Height, network.Width),
        network.Options,
        NoiseSchedule.Linear(1000),
        PredictionType.Epsilon,
        network.OutChannels == network.Channels ? ModelVariance.Fixed : ModelVariance.LearnedRange,
        [.. Enumerable.Range(0, network.Classes).Select(i => $"class {i}")]);

    /// <summary>The bytes of an ONNX file.</summary>
    public static byte[] Write(ModelDescription model, NetworkWeights weights, OnnxContent content, GenerationOptions? options = null)
    {
        using var stream = new MemoryStream();
        OnnxExport.Create(model, () => weights, content, (options ?? new()).For(model.Schedule)).WriteTo(stream);
        return stream.ToArray();
    }

    /// <summary>ONNX Runtime with a file, on one thread.</summary>
    public static InferenceSession Open(byte[] file)
    {
        using var options = new SessionOptions { IntraOpNumThreads = 1, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR };
        return new InferenceSession(file, options);
    }

    /// <summary>Compares predictions.</summary>
    /// <param name="network">The network.</param>
    /// <param name="seed">Of weights and images.</param>
    /// <param name="images">The number of images.</param>
    /// <returns>The difference as a share of <see cref="Tolerance"/>.</returns>
    public static double Outputs(NetworkCase network, int seed, int images)
    {
        var comparison = new Tests.Engines.EngineComparison(network, seed);
        var model = Describe(network);
        var weights = comparison.Weights.For(comparison.Plan.Trained);
        var input = Fractional(comparison.Input(images) with { Augmentation = default }, seed);
        using var engine = new CpuNetwork(weights.Copy());
        var expected = new float[images * model.OutputChannels * network.Height * network.Width];
        engine.Predict(input, expected);

        using var session = Open(Write(model, weights, OnnxContent.Network));
        List<NamedOnnxValue> given =
        [
            NamedOnnxValue.CreateFromTensor("sample", Tensor(input.Images.ToArray(), images, network.Channels, network.Height, network.Width)),
            NamedOnnxValue.CreateFromTensor("timestep", Tensor(input.Timesteps.ToArray(), input.Timesteps.Length)),
        ];
        if (network.Classes > 0)
        {
            long[] labels = input.Labels.IsEmpty ? [.. Enumerable.Repeat(-1L, images)] : Array.ConvertAll(input.Labels.ToArray(), label => (long)label);
            given.Add(NamedOnnxValue.CreateFromTensor("class_labels", Tensor(labels, images)));
        }

        using var results = session.Run(given);
        return Difference(expected, [.. results.Single().AsEnumerable<float>()]) / Tolerance;
    }

    /// <summary>Numbers with a shape.</summary>
    public static DenseTensor<T> Tensor<T>(T[] values, params int[] shape) => new(values, shape);

    // Every second timestep lies between two.
    private static NetworkInput Fractional(NetworkInput input, int seed) => input with
    {
        Timesteps = input.Timesteps.ToArray().Select((timestep, i) => (i + seed) % 2 == 0 ? timestep : timestep + 0.37f).ToArray(),
    };

    private static double Difference(float[] expected, float[] actual) =>
        expected.Length == actual.Length && actual.All(float.IsFinite)
            ? expected.Zip(actual, (x, y) => Math.Abs((double)x - y)).Max() / expected.Max(value => Math.Abs((double)value))
            : double.PositiveInfinity;
}
