using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A network that remembers how many images each call had.</summary>
internal sealed class CountingNetwork(Network network) : Network(network.Plan)
{
    public List<int> Counts { get; } = [];

    public override ComputeDevice Device => network.Device;

    public override bool DependsOnBatchSize => network.DependsOnBatchSize;

    public override void Predict(NetworkInput input, Memory<float> prediction)
    {
        Counts.Add(input.Count);
        network.Predict(input, prediction);
    }

    public override void Bottleneck(NetworkInput input, Memory<float> features)
    {
        Counts.Add(input.Count);
        network.Bottleneck(input, features);
    }

    public override void Read(NetworkWeights weights) => network.Read(weights);

    public override NetworkTraining Train(TrainingPrecision precision) => network.Train(precision);

    public override void Dispose() => network.Dispose();
}
