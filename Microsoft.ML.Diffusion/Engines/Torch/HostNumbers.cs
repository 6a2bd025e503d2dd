using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Numbers of the host, in single precision, to and from tensors of any type on any device.</summary>
internal static unsafe class HostNumbers
{
    /// <summary>Copies numbers into a new tensor of single precision.</summary>
    /// <param name="values">As many as the shape says.</param>
    /// <param name="shape">The tensor's.</param>
    /// <param name="device">Where it is.</param>
    public static Tensor Upload(ReadOnlySpan<float> values, long[] shape, Device device)
    {
        using var scope = NewDisposeScope();
        var tensor = empty(shape, ScalarType.Float32);
        values.CopyTo(Of(tensor));
        return TensorUpload.To(tensor, device).MoveToOuterDisposeScope();
    }

    /// <summary>Copies numbers into a contiguous tensor, in place.</summary>
    public static void Write(ReadOnlySpan<float> values, Tensor tensor)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        if (tensor.device_type == DeviceType.CPU && tensor.dtype == ScalarType.Float32)
        {
            values.CopyTo(Of(tensor));
        }
        else
        {
            tensor.copy_(Upload(values, tensor.shape, CPU));
        }
    }

    /// <summary>Copies the numbers of a tensor, rounded to single precision.</summary>
    public static void Read(Tensor tensor, Span<float> values)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        Of(tensor.detach().to(ScalarType.Float32).cpu().contiguous()).CopyTo(values);
    }

    private static Span<float> Of(Tensor tensor) =>
        tensor.numel() == 0 ? [] : new(ChannelsLast.Data(tensor), checked((int)tensor.numel()));
}
