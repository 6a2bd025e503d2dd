using System.Collections.Concurrent;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>A network computed by libtorch: on a graphics card, or on the processor with this library's convolutions and normalizations.</summary>
internal sealed class TorchNetwork : Network
{
    private static readonly ConcurrentDictionary<int, Lazy<Workers>> _threads = new();
    private static readonly Lock _turn = new();

    private readonly UNet _network;
    private readonly Device _device;

    /// <param name="plan">What is computed.</param>
    /// <param name="weights">Its weights, which are copied.</param>
    /// <param name="device">Where.</param>
    /// <param name="type">The type of weights and features; <see cref="ScalarType.Float64"/> to compare others with.</param>
    public TorchNetwork(UNetPlan plan, NetworkWeights weights, ComputeDevice device, ScalarType type = ScalarType.Float32)
        : base(plan)
    {
        (Device, _device) = (device, device.ToTorch());
        _network = new UNet(plan);
        try
        {
            _network.Write(weights);
            _network.to(type);
            _network.to(_device);
        }
        catch
        {
            _network.Dispose(); // out of memory
            throw;
        }
    }

    /// <inheritdoc/>
    public override ComputeDevice Device { get; }

    /// <inheritdoc/>
    public override bool DependsOnBatchSize => true;

    /// <inheritdoc/>
    public override void Predict(NetworkInput input, Memory<float> prediction) =>
        ShareOut(input, prediction, tensors => _network.Forward(
            tensors.Images, tensors.Timesteps, tensors.Labels, augmentation: tensors.Augmentation));

    /// <inheritdoc/>
    public override void Bottleneck(NetworkInput input, Memory<float> features) =>
        ShareOut(input, features, tensors => _network.Bottleneck(
            tensors.Images, tensors.Timesteps, tensors.Labels, tensors.Augmentation));

    /// <inheritdoc/>
    public override void Read(NetworkWeights weights) => _network.Read(weights);

    /// <inheritdoc/>
    public override NetworkTraining Train(TrainingPrecision precision) => new TorchTraining(_network, Device, precision);

    /// <inheritdoc/>
    public override void Dispose() => _network.Dispose();

    /// <summary>Calls on a batch. On the processor its images are shared out between threads, and calls take turns, because each has all cores.</summary>
    private void ShareOut(NetworkInput input, Memory<float> results, Func<NetworkTensors, Tensor> call)
    {
        var count = TorchThreads.PartsFor(input.Count, _device);

        // Parts of one size, the last over the one before it: what libtorch computes may round differently for another number of images.
        var size = (input.Count + count - 1) / count;
        int[] starts = [.. Enumerable.Range(0, (input.Count + size - 1) / size).Select(part => Math.Min(part * size, input.Count - size))];
        void Compute(int part) => Call(input, starts[part], size, part * size, results, call);

        if (starts.Length == 1)
        {
            Compute(0);
            return;
        }

        lock (_turn)
        {
            _threads.GetOrAdd(starts.Length, parts => new(() => TorchThreads.Start(parts))).Value.Run(Compute);
        }
    }

    // The results of the images before the part's own are another part's.
    private void Call(NetworkInput input, int first, int count, int own, Memory<float> results, Func<NetworkTensors, Tensor> call)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var length = results.Length / input.Count;
        var computed = call(NetworkTensors.Of(input.Part(first, count), Plan, _device));
        var end = first + count;
        HostNumbers.Read(computed.narrow(0, own - first, end - own), results.Span[(own * length)..(end * length)]);
    }
}
