using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Tests.Networks;

namespace Microsoft.ML.Diffusion.Tests.Engines;

/// <summary>What engines are called with in tests: weights and images of any numbers, always the same.</summary>
internal static class EngineInputs
{
    /// <summary>Weights of a plan, none of which is zero or one alone, since those would hide faults.</summary>
    public static NetworkWeights Weights(UNetPlan plan)
    {
        var weights = FirstWeights.Of(plan, seed: 5);
        foreach (var (i, weight) in plan.Weights.Index())
        {
            var values = weights[weight];
            for (var j = 0; j < values.Length; j++)
            {
                values[j] += (float)(0.1 * Math.Sin((0.37 * j) + 1 + i));
            }
        }

        return weights;
    }

    /// <summary>Images, each at a timestep of its own and, if there are classes, every other one of a class.</summary>
    public static NetworkInput Batch(NetworkCase network, int count)
    {
        var images = new float[count * network.Channels * network.Height * network.Width];
        new RandomNumbers(RandomStream.TrainingNoise, seed: 3).Normals(0, 0, images);
        return new(
            count,
            images,
            Enumerable.Range(0, count).Select(i => 7.5f + (99 * i)).ToArray(),
            network.Classes > 0 ? Enumerable.Range(0, count).Select(i => i % 2 == 0 ? -1 : i % network.Classes).ToArray() : [])
        {
            Augmentation = Enumerable.Range(0, count * network.Augmentation).Select(i => (float)Math.Sin(i)).ToArray(),
        };
    }

    /// <summary>The numbers of the prediction for a batch.</summary>
    public static float[] Predict(Network network, NetworkInput input)
    {
        var prediction = new float[input.Count * Numbers(network.Plan.Nodes[^1].Shape)];
        network.Predict(input, prediction);
        return prediction;
    }

    /// <summary>The features of a batch in the middle of the network.</summary>
    public static float[] Bottleneck(Network network, NetworkInput input)
    {
        var features = new float[input.Count * Numbers(network.Plan.Nodes[network.Plan.Bottleneck].Shape)];
        network.Bottleneck(input, features);
        return features;
    }

    /// <summary>The largest difference as a share of the largest number.</summary>
    public static double Difference(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        var (difference, largest) = (0.0, 0.0);
        Assert.AreEqual(expected.Length, actual.Length);
        for (var i = 0; i < expected.Length; i++)
        {
            difference = double.IsFinite(actual[i]) ? Math.Max(difference, Math.Abs((double)expected[i] - actual[i])) : double.PositiveInfinity;
            largest = Math.Max(largest, Math.Abs(expected[i]));
        }

        return difference / largest;
    }

    private static int Numbers(ValueShape shape) => shape.Channels * shape.Height * shape.Width;
}
