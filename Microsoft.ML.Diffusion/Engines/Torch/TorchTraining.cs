using System.Diagnostics;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Training by libtorch: its gradients, and an optimizer of a few operations on all weights at once.</summary>
internal sealed class TorchTraining : NetworkTraining
{
    private const long MaximumGradientBytes = 1L << 30;

    private readonly ComputeDevice _device;
    private readonly UNetPlan _plan;
    private readonly FlatOptimizer _optimizer;
    private readonly GradientShards _shards;
    private GroupShare? _group;
    private Tensor? _sum; // over the group
    private float[] _numbers = [];

    /// <param name="network">The network to train, in place.</param>
    /// <param name="device">Where it is.</param>
    /// <param name="precision">What it is computed in; weights in double stay so.</param>
    public TorchTraining(UNet network, ComputeDevice device, TrainingPrecision precision)
    {
        (_device, _plan) = (device, network.Plan);
        var isExact = network.parameters().First().dtype == ScalarType.Float64;
        _optimizer = new FlatOptimizer(network, isExact ? null : precision.TypeOn(device));

        // Each shard has gradients of its own: all together take a GiB at most, or there is one.
        var most = Math.Max(1, MaximumGradientBytes / (sizeof(float) * _optimizer.Count));
        _shards = new GradientShards(network, _optimizer, (int)Math.Min(most, TorchThreads.PartsFor(int.MaxValue, device.ToTorch())));
    }

    /// <inheritdoc/>
    public override long Updates
    {
        get => _optimizer.Updates;
        set => _optimizer.Updates = value;
    }

    /// <summary>One: how its images are shared out is this engine's affair.</summary>
    public override int Parts => 1;

    /// <inheritdoc/>
    public override void Join(GroupShare share) => _group = share;

    /// <inheritdoc/>
    public override void AddGradients(NetworkInput input, DropoutDraws dropout, OutputGradient loss, MicroBatch place = default)
    {
        try
        {
            _shards.Run(input.Count, (network, first, count) => Add(network, input, first, count, dropout, loss));
        }
        catch
        {
            _optimizer.ZeroGradients(); // a part of a batch is worth nothing
            throw;
        }
    }

    /// <inheritdoc/>
    public override bool Update(UpdateSettings settings, bool isLossFinite)
    {
        using var taken = _optimizer.Update(settings, isLossFinite, _sum);
        _sum?.Dispose();
        _sum = null;
        _optimizer.ZeroGradients();
        return taken.Value() == 1;
    }

    /// <summary>By way of the host's memory, since what carries bytes between processes knows no device.</summary>
    public override unsafe void SumOverGroup()
    {
        if (_group is null)
        {
            return;
        }

        if (_numbers.Length != _optimizer.Count)
        {
            _numbers = GC.AllocateUninitializedArray<float>((int)_optimizer.Count, pinned: true);
        }

        _sum = _optimizer.Gradients();
        HostNumbers.Read(_sum, _numbers);
        var start = Stopwatch.GetTimestamp();
        fixed (float* numbers = _numbers)
        {
            _group.Processes.Sum((nint)numbers, _numbers.Length);
        }

        var time = Stopwatch.GetElapsedTime(start);
        _group.Clock.Add(time, time);
        HostNumbers.Write(_numbers, _sum);
    }

    /// <inheritdoc/>
    public override void Read(TrainingBuffer buffer, Span<float> values) => HostNumbers.Read(_optimizer[buffer], values);

    /// <summary>Copies the gradients since the last update, in the order of a buffer.</summary>
    public void ReadGradients(Span<float> values)
    {
        using var gradients = _optimizer.Gradients();
        HostNumbers.Read(gradients, values);
    }

    /// <inheritdoc/>
    public override void Write(TrainingBuffer buffer, ReadOnlySpan<float> values)
    {
        HostNumbers.Write(values, _optimizer[buffer]);
        _optimizer.Refresh();
    }

    /// <inheritdoc/>
    public override IDisposable LendAverage() => new LentAverage(_optimizer);

    /// <inheritdoc/>
    public override void UseAverage() => _optimizer.UseAverage();

    /// <inheritdoc/>
    public override void Dispose()
    {
        _sum?.Dispose();
        _shards.Dispose();
        _optimizer.Dispose();
    }

    private void Add(UNet network, NetworkInput input, int first, int count, DropoutDraws dropout, OutputGradient loss)
    {
        using var gradients = enable_grad();
        KernelGradients.Forget();
        var tensors = NetworkTensors.Of(input.Part(first, count), _plan, _device.ToTorch());
        var drops = new SeededDropout(_plan.Options.Dropout, dropout.Numbers, dropout.FirstSample + first);
        var output = network.Forward(tensors.Images, tensors.Timesteps, tensors.Labels, drops, tensors.Augmentation);
        output.backward([Gradient(output, first, count, loss)]);
        KernelGradients.ThrowIfFailed();
    }

    private Tensor Gradient(Tensor output, int first, int count, OutputGradient loss)
    {
        var length = (int)(output.numel() / count);
        var (values, gradient) = (new float[count * length], new float[count * length]);
        HostNumbers.Read(output, values);
        void One(int image) =>
            loss(first + image, values.AsSpan(image * length, length), gradient.AsSpan(image * length, length));

        if (_device.IsProcessor)
        {
            for (var i = 0; i < count; i++) // a part of a batch has a thread of its own already
            {
                One(i);
            }
        }
        else
        {
            Parallel.For(0, count, One); // the device waits for them
        }

        return HostNumbers.Upload(gradient, output.shape, _device.ToTorch());
    }
}
