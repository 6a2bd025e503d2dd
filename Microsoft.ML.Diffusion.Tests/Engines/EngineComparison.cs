using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Engines.Cpu;
using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Networks;

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
        return new NetworkInput(images, x, timesteps, labels) { Augmentation = Augmentation(images) };
    }

    /// <summary>Compares output and features.</summary>
    /// <returns>The difference as a share of <see cref="OutputTolerance"/>.</returns>
    public double Outputs(int images)
    {
        using var exact = Exact();
        using var network = new CpuNetwork(_weights);
        var input = Input(images);
        float[] Output(Network engine)
        {
            var prediction = new float[LengthOf(_plan.Nodes.Count - 1) * images];
            engine.Predict(input, prediction);
            return prediction;
        }

        float[] Features(Network engine)
        {
            var features = new float[LengthOf(_plan.Bottleneck) * images];
            engine.Bottleneck(input, features);
            return features;
        }

        return Math.Max(Difference(Output(network), Output(exact)), Difference(Features(network), Features(exact))) / OutputTolerance;
    }

    /// <summary>Compares the gradient of each weight.</summary>
    /// <returns>The largest difference as a share of <see cref="GradientTolerance"/>, and where.</returns>
    public (double Difference, string Weight) Gradients(int images)
    {
        using var exact = Exact();
        using var network = new CpuNetwork(_weights);
        using var training = (CpuTraining)network.Train(TrainingPrecision.Float32);
        using var exactTraining = (TorchTraining)exact.Train(TrainingPrecision.Float32);
        var draws = new DropoutDraws(new RandomNumbers(RandomStream.Dropout, 7), FirstSample: 5);
        var (input, length) = (Input(images), LengthOf(_plan.Nodes.Count - 1));
        float[] dy = [.. Enumerable.Range(0, length * images).Select(_ => (float)(_random.NextDouble() - 0.5))];
        foreach (var engine in (NetworkTraining[])[training, exactTraining])
        {
            engine.AddGradients(input, draws, (image, _, gradient) => dy.AsSpan(image * length, length).CopyTo(gradient));
        }

        var (gradients, expected) = (training.Gradients(), new NetworkWeights(_plan));
        exactTraining.ReadGradients(expected.All);

        // Some gradients are zero but for rounding: what is added to all keys alike changes no attention, nor does anything where there is one pixel.
        var least = 1e-2 * Largest(expected.All);
        var worst = (Difference: 0.0, Weight: "");
        foreach (var weight in _plan.Weights)
        {
            var difference = Difference(gradients[weight], expected[weight], least) / GradientTolerance;
            worst = difference <= worst.Difference ? worst : (difference, weight.Name);
        }

        return worst;
    }

    // What was done to every second image or so; sometimes nothing to any.
    private float[] Augmentation(int images) =>
        _case.Augmentation == 0 || _random.Next(4) == 0
            ? []
            : [.. Enumerable.Range(0, images).SelectMany(_ =>
                {
                    var isDone = _random.Next(2) == 0;
                    return Enumerable.Range(0, _case.Augmentation).Select(_ => isDone ? (float)((2 * _random.NextDouble()) - 1) : 0);
                })];

    private int LengthOf(int node)
    {
        var shape = _plan.Nodes[node].Shape;
        return shape.Channels * shape.Height * shape.Width;
    }

    private TorchNetwork Exact() => new(_plan, _weights, ComputeDevice.Torch, TorchSharp.torch.ScalarType.Float64);

    private static double Largest(ReadOnlySpan<float> values)
    {
        var largest = 0.0;
        foreach (var value in values)
        {
            largest = Math.Max(largest, Math.Abs(value)); // NaN stays
        }

        return largest;
    }

    private static double Difference(ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double least = 0)
    {
        var difference = 0.0;
        for (var i = 0; i < expected.Length; i++)
        {
            difference = Math.Max(difference, Math.Abs((double)expected[i] - actual[i]));
        }

        return difference == 0 ? 0 : difference / Math.Max(least, Largest(expected));
    }
}
