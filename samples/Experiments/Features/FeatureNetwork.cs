using System.Numerics.Tensors;

namespace Experiments.Features;

/// <summary>A small classifier of garments, whose last layer but one is what it looks at: 32 features of a picture.</summary>
internal sealed class FeatureNetwork
{
    public const int NumberOfFeatures = 32;
    public const int NumberOfClasses = 10;

    private const int BatchSize = 100;
    private const int PartSize = 10; // of a batch, whose gradients one thread sums: the same sums on any number of threads

    private readonly FeatureLayers _layers;

    private FeatureNetwork(int seed) => _layers = new FeatureLayers(seed);

    /// <summary>Trains one on rows of pixels in 0..1 and their classes.</summary>
    public static FeatureNetwork Train(IReadOnlyList<(float[] Pixels, long Label)> rows, int epochs, int seed)
    {
        var network = new FeatureNetwork(seed);
        var optimizer = new Adam(network._layers.Weights, learningRate: 2e-3);
        var order = new Random(seed);
        for (var epoch = 0; epoch < epochs; epoch++)
        {
            foreach (var batch in rows.OrderBy(_ => order.Next()).Chunk(BatchSize))
            {
                optimizer.Step(Gradients(network._layers, batch));
            }
        }

        return network;
    }

    /// <summary>The gradients of the mean loss of a batch.</summary>
    public static float[][] Gradients(FeatureLayers layers, (float[] Pixels, long Label)[] batch)
    {
        (float[] Pixels, long Label)[][] parts = [.. batch.Chunk(PartSize)];
        var ofParts = new float[parts.Length][][];
        Parallel.For(0, parts.Length, part =>
        {
            ofParts[part] = Array.ConvertAll(layers.Weights, weights => new float[weights.Length]);
            foreach (var (pixels, label) in parts[part])
            {
                layers.AddGradients(layers.Forward(pixels), label, 1f / batch.Length, ofParts[part]);
            }
        });
        foreach (var (layer, sum) in ofParts[0].Index())
        {
            Array.ForEach(ofParts[1..], part => TensorPrimitives.Add(sum, part[layer], sum));
        }

        return ofParts[0];
    }

    /// <summary>The features of one picture.</summary>
    public float[] Features(float[] pixels) => _layers.Forward(pixels).Features;

    /// <summary>The features of pictures, one after another.</summary>
    public float[] Features(IReadOnlyList<float[]> pictures)
    {
        var features = new float[pictures.Count * NumberOfFeatures];
        Parallel.For(0, pictures.Count, i => Features(pictures[i]).CopyTo(features, i * NumberOfFeatures));
        return features;
    }

    /// <summary>The share of rows whose class it finds.</summary>
    public double Accuracy(IReadOnlyList<(float[] Pixels, long Label)> rows) => rows.AsParallel().Average(
        row => TensorPrimitives.IndexOfMax<float>(_layers.Forward(row.Pixels).Classes) == row.Label ? 1.0 : 0);
}
