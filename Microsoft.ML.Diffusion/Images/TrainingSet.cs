using Microsoft.ML.Diffusion.Images;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion;

/// <summary>The images to learn from, decoded once, as bytes.</summary>
internal sealed class TrainingSet(ImageShape shape, IReadOnlyList<byte[]> images, IReadOnlyList<int>? labels)
{
    public ImageShape Shape => shape;

    public int Count => images.Count;

    /// <summary>Class of each image, -1 where it has none; null for a set without classes.</summary>
    public IReadOnlyList<int>? Labels => labels;

    /// <summary>Packs the images at <paramref name="indices"/> into [N, C, H, W] in [-1, 1].</summary>
    public Tensor Batch(IEnumerable<int> indices, Device device) => PixelTensors.FromBytes([.. indices.Select(index => images[index])], shape, device);
}
