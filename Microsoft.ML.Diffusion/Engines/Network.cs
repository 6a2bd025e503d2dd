using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Engines;

/// <summary>A plan with weights, computed by an engine. Several threads may call one at once; it drops no features.</summary>
internal abstract class Network(UNetPlan plan) : IDisposable
{
    /// <summary>What is computed.</summary>
    public UNetPlan Plan { get; } = plan;

    /// <summary>By what.</summary>
    public abstract ComputeDevice Device { get; }

    /// <summary>Whether what is computed for an image may round differently in a batch of another size.</summary>
    public abstract bool DependsOnBatchSize { get; }

    /// <summary>Computes the prediction.</summary>
    /// <param name="input">What the network is called with.</param>
    /// <param name="prediction">[N][C_out][H][W].</param>
    public abstract void Predict(NetworkInput input, Memory<float> prediction);

    /// <summary>Computes what the lowest resolution sees.</summary>
    /// <param name="input">What the network is called with.</param>
    /// <param name="features">The value of <see cref="UNetPlan.Bottleneck"/>, [N][C][H][W].</param>
    public abstract void Bottleneck(NetworkInput input, Memory<float> features);

    /// <summary>Copies the weights into a buffer.</summary>
    public abstract void Read(NetworkWeights weights);

    /// <summary>Begins to train the weights in place. Until that is disposed, calls see the weights of the moment.</summary>
    /// <param name="precision">What the network is computed in; on the processor by this library always single precision.</param>
    public abstract NetworkTraining Train(TrainingPrecision precision);

    /// <inheritdoc/>
    public abstract void Dispose();
}
