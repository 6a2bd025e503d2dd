using System.Runtime.InteropServices;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Dropout whose choices belong to the image: they are the same on every device, in any part of a batch, and in any order in memory.</summary>
/// <param name="probability">How likely a feature is dropped.</param>
/// <param name="numbers">The run's.</param>
/// <param name="firstSample">The sample of the first image; those of the others follow it.</param>
internal sealed class SeededDropout(double probability, RandomNumbers numbers, long firstSample)
{
    /// <summary>Drops features of images.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="layer">The number of the place in the network (<see cref="DropoutNode.Place"/>).</param>
    /// <returns>What is left, scaled; <paramref name="x"/> itself where nothing is ever dropped.</returns>
    public Tensor Apply(Tensor x, int layer)
    {
        if (probability == 0)
        {
            return x;
        }

        using var keep = Keep(layer, x);
        return x * keep;
    }

    // 0 or 1 / (1 - p) for each feature of x.
    private Tensor Keep(int layer, Tensor x)
    {
        using var scope = NewDisposeScope();
        var shape = x.shape;
        var keep = empty([shape[0], shape[2], shape[3], shape[1]], ScalarType.Float32);
        void Choose(int image)
        {
            using var sample = keep[image];
            var choices = MemoryMarshal.Cast<byte, float>(sample.bytes);
            numbers.Choices(firstSample + image, layer, choices, probability, (float)(1 / (1 - probability)));
        }

        if (x.device_type == TorchSharp.DeviceType.CPU)
        {
            for (var i = 0; i < shape[0]; i++) // a part of a batch has a thread of its own already
            {
                Choose(i);
            }
        }
        else
        {
            Parallel.For(0, (int)shape[0], Choose); // the device waits for them
        }

        return TensorUpload.To(keep.permute(0, 3, 1, 2).to(x.dtype), x.device).MoveToOuterDisposeScope();
    }
}
