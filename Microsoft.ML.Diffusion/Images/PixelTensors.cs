using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>Bytes 0..255 to the float tensors [N, C, H, W] in [-1, 1] that networks learn from.</summary>
internal static class PixelTensors
{
    /// <summary>Packs images into one batch, [N, C, H, W] in [-1, 1].</summary>
    public static Tensor FromBytes(IReadOnlyList<byte[]> images, ImageShape shape, Device device)
    {
        var packed = new byte[images.Count * shape.PixelCount];
        for (var i = 0; i < images.Count; i++)
        {
            images[i].CopyTo(packed.AsSpan(i * shape.PixelCount));
        }

        return FromBytes(packed, images.Count, shape, device);
    }

    /// <summary>Makes one batch, [N, C, H, W] in [-1, 1], of images that lie one after another.</summary>
    public static Tensor FromBytes(ReadOnlySpan<byte> packed, int count, ImageShape shape, Device device)
    {
        using var scope = NewDisposeScope();
        var bytes = empty(shape.Batch(count), ScalarType.Byte);
        packed.CopyTo(bytes.bytes);
        return TensorUpload.To(bytes, device).to(ScalarType.Float32).Over(127.5).Minus(1).MoveToOuterDisposeScope();
    }
}
