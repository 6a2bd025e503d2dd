using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Images;

/// <summary>Bytes 0..255 to and from the float tensors [N, C, H, W] in [-1, 1] that networks see.</summary>
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

    /// <summary>Makes one image of each row of a batch, rounding to the nearest of 256 levels.</summary>
    public static MLImage[] ToImages(Tensor batch, ImageShape shape) =>
        Array.ConvertAll(ToBytes(batch, shape), planes => ImagePixels.Create(planes, shape));

    /// <summary>Takes the planes [C, H, W] of each row of a batch, rounding to the nearest of 256 levels.</summary>
    public static byte[][] ToBytes(Tensor batch, ImageShape shape)
    {
        using var scope = NewDisposeScope();
        var levels =
            batch.detach().to(ScalarType.Float32).Plus(1).Times(127.5).round_().Clamped(0, 255).to(ScalarType.Byte).cpu().contiguous();
        return [.. levels.bytes.ToArray().Chunk(shape.PixelCount)];
    }
}
