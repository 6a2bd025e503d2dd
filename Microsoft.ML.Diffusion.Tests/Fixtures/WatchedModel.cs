using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A copy of a model whose network tells of each call before it computes: tests count calls, hold them up and let them fail.</summary>
internal sealed class WatchedModel : IDisposable
{
    private readonly Watched _network;

    public WatchedModel(DiffusionTransformer model)
    {
        var (trained, weights) = (model.Trained, model.Model.Weights());
        _network = new Watched(NetworkEngine.Create(weights.Plan, weights, ComputeDevice.Cpu));
        Model = new DiffusionTransformer(
            new MLContext(seed: 3),
            trained with { Model = new DiffusionModel(trained.Model.Description, _network) });
    }

    public DiffusionTransformer Model { get; }

    /// <summary>The number of images of each call so far.</summary>
    public int[] Counts => [.. _network.Counts];

    /// <summary>Whether the weights are freed.</summary>
    public bool IsFreed => _network.IsFreed;

    /// <summary>Called before each call, on the thread that computes, with the number of the call from 0 on.</summary>
    public Action<int>? BeforeCall
    {
        set => _network.BeforeCall = value;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private sealed class Watched(Network network) : Network(network.Plan)
    {
        public ConcurrentQueue<int> Counts { get; } = [];

        public Action<int>? BeforeCall { get; set; }

        public bool IsFreed { get; private set; }

        public override ComputeDevice Device => network.Device;

        public override bool DependsOnBatchSize => network.DependsOnBatchSize;

        public override void Predict(NetworkInput input, Memory<float> prediction)
        {
            Counts.Enqueue(input.Count);
            BeforeCall?.Invoke(Counts.Count - 1);
            network.Predict(input, prediction);
        }

        public override void Bottleneck(NetworkInput input, Memory<float> features) => network.Bottleneck(input, features);

        public override void Read(NetworkWeights weights) => network.Read(weights);

        public override NetworkTraining Train(TrainingPrecision precision) => network.Train(precision);

        public override void Dispose()
        {
            IsFreed = true;
            network.Dispose();
        }
    }
}
