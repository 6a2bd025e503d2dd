using Microsoft.ML.Diffusion.Engines;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;
using Microsoft.ML.Diffusion.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>The gradients of a network's weights, of those of its output: libtorch's and the kernels', and the optimizer that takes them.</summary>
/// <remarks>Its methods are those of <see cref="NetworkTraining"/>.</remarks>
internal sealed class TorchGradients : IDisposable
{
    private readonly ImageShape _shape;
    private readonly Device _device;
    private readonly GradientShards _shards;
    private bool _hasGradients;

    /// <param name="network">The network to train.</param>
    /// <param name="model">What it is.</param>
    /// <param name="workingType">What it computes in; null for the type of its weights.</param>
    /// <param name="device">Where it is.</param>
    /// <param name="images">How many it is given at once.</param>
    public TorchGradients(UNet network, ModelDescription model, ScalarType? workingType, Device device, int images)
    {
        (_shape, _device) = (model.Shape, device);
        Optimizer = new(network, workingType);
        _shards =
            new(network, Optimizer, model.CreateNetwork, Math.Min(WorkerThreads.PartsFor(images, device), MaximumShards(Optimizer.Count)));
    }

    /// <summary>The weights and what the optimizer knows of them.</summary>
    public FlatOptimizer Optimizer { get; }

    /// <inheritdoc cref="NetworkTraining.AddGradients"/>
    public void AddGradients(NetworkInput input, DropoutDraws dropout, OutputGradient loss)
    {
        using var scope = NewDisposeScope();
        if (!_hasGradients)
        {
            Optimizer.ZeroGradients();
            _hasGradients = true;
        }

        try
        {
            var done = _shards.Run([.. WorkerThreads.Parts(input.Count, _shards.Count)], (network, first, count) =>
            {
                KernelGradients.Forget();
                network.Dropout.Begin(dropout.Numbers, dropout.FirstSample + first);
                var output = Forward(network, Part(input, first, count));
                output.backward([Gradient(output.detach(), first, loss)]);
                KernelGradients.ThrowIfFailed();
                return tensor(0);
            });
            scope.Attach(done);
        }
        catch
        {
            _hasGradients = false; // but those of some of the parts
            throw;
        }
    }

    /// <inheritdoc cref="NetworkTraining.Update"/>
    public bool Update(UpdateSettings settings, bool isLossFinite)
    {
        using var scope = NewDisposeScope();
        _hasGradients = false;
        return Optimizer.Update(settings, tensor(isLossFinite ? 0 : double.NaN, device: _device)).Value() == 1;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _shards.Dispose();
        Optimizer.Dispose();
    }

    // Each shard has gradients of its own: all together take a GiB at most, or there is one.
    private static int MaximumShards(long weights) => (int)Math.Max(1, (1L << 30) / (sizeof(float) * weights));

    private static NetworkInput Part(NetworkInput input, int first, int count)
    {
        var length = input.Images.Length / input.Count;
        return new NetworkInput(
            count,
            input.Images.Slice(first * length, count * length),
            input.Timesteps.Slice(first, count),
            input.Labels.IsEmpty ? default : input.Labels.Slice(first, count));
    }

    private Tensor Forward(UNet network, NetworkInput input)
    {
        var x = tensor(input.Images.ToArray(), _shape.Batch(input.Count));
        var labels = Array.ConvertAll(input.Labels.ToArray(), label => (long)label);
        return network.Forward(
            TensorUpload.To(x, _device),
            TensorUpload.To(tensor(input.Timesteps.ToArray()), _device),
            labels.Length == 0 ? null : TensorUpload.To(tensor(labels), _device));
    }

    private Tensor Gradient(Tensor output, int first, OutputGradient loss)
    {
        var values = output.cpu().contiguous().data<float>().ToArray();
        var (count, gradient) = ((int)output.shape[0], new float[values.Length]);
        var length = values.Length / count;
        void Compute(int image) =>
            loss(first + image, values.AsSpan(image * length, length), gradient.AsSpan(image * length, length));

        if (_device.type == DeviceType.CPU)
        {
            for (var image = 0; image < count; image++) // a part of a batch has a thread of its own already
            {
                Compute(image);
            }
        }
        else
        {
            ImageLoop.Run(count, length, Compute); // the device waits for them
        }

        return TensorUpload.To(tensor(gradient, output.shape), _device);
    }
}
