using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Engines;

/// <summary>A network of random weights, computed by the CPU's engine in single precision and by libtorch in double.</summary>
internal sealed class EngineComparison
{
    /// <summary>The largest difference of an output, as a share of the largest number.</summary>
    public const double OutputTolerance = 1e-5;

    /// <summary>The same for the gradient of a weight.</summary>
    public const double GradientTolerance = 1e-4;

    private readonly NetworkCase _case;
    private readonly Random _random;
    private readonly UNetPlan _plan;
    private readonly NetworkWeights _weights;

    public EngineComparison(NetworkCase network, int seed)
    {
        (_case, _random) = (network, new Random(seed));
        _plan = network.CreatePlan();
        _weights = new NetworkWeights(_plan);
        foreach (var weight in _plan.Weights)
        {
            var fan = Math.Max(1, weight.Count / weight.Shape[0]);
            foreach (ref var value in _weights[weight])
            {
                value = (float)(weight.Kind == WeightKind.NormalizationWeight
                    ? 0.5 + _random.NextDouble()
                    : ((2 * _random.NextDouble()) - 1) * (weight.Kind == WeightKind.Product ? Math.Sqrt(3.0 / fan) : 0.5));
            }
        }
    }

    public UNetPlan Plan => _plan;

    public NetworkWeights Weights => _weights;

    /// <summary>Noisy images, timesteps and classes.</summary>
    public NetworkInput Input(int images)
    {
        var x = new float[images * _case.Channels * _case.Height * _case.Width];
        foreach (ref var value in x.AsSpan())
        {
            value = (float)((_random.NextDouble() - 0.5) * 4);
        }

        float[] timesteps = [.. Enumerable.Range(0, _random.Next(3) == 0 ? 1 : images).Select(_ => (float)_random.Next(1000))];
        int[] labels = _case.Classes > 0 ? [.. Enumerable.Range(0, images).Select(_ => _random.Next(-1, _case.Classes))] : [];
        return new NetworkInput(images, x, timesteps, labels);
    }

    /// <summary>Compares output and features.</summary>
    /// <returns>The difference as a share of <see cref="OutputTolerance"/>.</returns>
    public double Outputs(int images)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var exact = Exact();
        using var network = new CpuNetwork(_weights);
        exact.eval();
        var input = Input(images);
        var (x, t, labels) = Tensors(input);
        var prediction = new float[LengthOf(_plan.Nodes.Count - 1) * images];
        var features = new float[LengthOf(_plan.Bottleneck) * images];
        network.Predict(input, prediction);
        network.Bottleneck(input, features);
        return Math.Max(
            Difference(prediction, exact.Forward(x, t, labels)),
            Difference(features, exact.Bottleneck(x, t, labels))) / OutputTolerance;
    }

    /// <summary>Compares the gradient of each weight.</summary>
    /// <returns>The largest difference as a share of <see cref="GradientTolerance"/>, and where.</returns>
    public (double Difference, string Weight) Gradients(int images)
    {
        using var scope = NewDisposeScope();
        using var exact = Exact();
        using var network = new CpuNetwork(_weights);
        using var training = (CpuTraining)network.Train(TrainingPrecision.Float32);
        var numbers = new RandomNumbers(RandomStream.Dropout, 7);
        exact.train();
        exact.Dropout.Begin(numbers, 5);
        var input = Input(images);
        var (x, t, labels) = Tensors(input);
        var y = exact.Forward(x, t, labels);
        var length = LengthOf(_plan.Nodes.Count - 1);
        var dy = new float[length * images];
        foreach (ref var value in dy.AsSpan())
        {
            value = (float)(_random.NextDouble() - 0.5);
        }

        y.backward([tensor(dy, y.shape).to(ScalarType.Float64)]);
        training.AddGradients(input, new DropoutDraws(numbers, 5), (image, _, gradient) => dy.AsSpan(image * length, length).CopyTo(gradient));
        var gradients = training.Gradients();
        var worst = (Difference: 0.0, Weight: "");

        // Some gradients are zero but for rounding: what is added to all keys alike changes no attention, nor does anything where there is one pixel.
        var least = 1e-2 * _plan.Weights.Max(weight => exact[weight.Name].grad is { } gradient ? Largest(gradient) : 0);
        foreach (var weight in _plan.Weights)
        {
            var expected = exact[weight.Name].grad;
            var difference = expected is null
                ? gradients[weight].ContainsAnyExcept(0f) ? double.PositiveInfinity : 0
                : Difference(gradients[weight], expected, least) / GradientTolerance;
            worst = difference <= worst.Difference ? worst : (difference, weight.Name);
        }

        return worst;
    }

    private int LengthOf(int node)
    {
        var shape = _plan.Nodes[node].Shape;
        return shape.Channels * shape.Height * shape.Width;
    }

    private UNet Exact()
    {
        var exact = _case.Create();
        using var noGrad = no_grad();
        exact.to(ScalarType.Float64);
        foreach (var weight in _plan.Weights)
        {
            exact[weight.Name].copy_(tensor(_weights[weight].ToArray(), [.. weight.Shape.Select(side => (long)side)]));
        }

        return exact;
    }

    private (Tensor X, Tensor Timesteps, Tensor? Labels) Tensors(NetworkInput input) => (
        tensor(input.Images.ToArray(), [input.Count, _case.Channels, _case.Height, _case.Width]).to(ScalarType.Float64),
        tensor(input.Timesteps.ToArray()),
        input.Labels.IsEmpty ? null : tensor(Array.ConvertAll(input.Labels.ToArray(), label => (long)label)));

    private static double Largest(Tensor values) => values.detach().contiguous().data<double>().ToArray().Max(Math.Abs);

    private static double Difference(ReadOnlySpan<float> actual, Tensor expected, double least = 0)
    {
        var values = expected.detach().contiguous().data<double>().ToArray();
        var (largest, difference) = (Math.Max(least, Largest(expected)), 0.0);
        for (var i = 0; i < values.Length; i++)
        {
            difference = Math.Max(difference, Math.Abs(values[i] - actual[i]));
        }

        return difference == 0 ? 0 : difference / largest;
    }
}
