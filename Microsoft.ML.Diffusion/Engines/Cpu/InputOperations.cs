using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>The images that the network is called with.</summary>
internal sealed unsafe class ImagesOperation(ImagesNode node, int index, int images) : CpuOperation(index, images)
{
    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        var length = Length(node.Shape);
        fixed (float* source = call.Input.Images.Span.Slice(call.First * (length / Images), length))
        {
            PixelOrder.ToChannelsLast(source, node.Shape, Images, call.Value(Index));
        }
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call) => throw new NotSupportedException("Images have no gradient.");
}

/// <summary>Sinusoids of the timesteps.</summary>
internal sealed unsafe class SinusoidsOperation(SinusoidsNode node, int index, int images) : CpuOperation(index, images)
{
    private readonly Sinusoids _sinusoids = new(node);

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        for (var image = 0; image < Images; image++)
        {
            _sinusoids.Of(call.Timestep(image), new Span<float>(call.Value(Index) + (image * node.Shape.Channels), node.Shape.Channels));
        }
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call) => throw new NotSupportedException("Timesteps have no gradient.");
}

/// <summary>Adds the vector of each image's class.</summary>
internal sealed unsafe class ClassEmbeddingOperation(ClassEmbeddingNode node, int index, int images) : CpuOperation(index, images)
{
    private readonly int _length = node.Shape.Channels;

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        float* x = call.Value(node.Input), y = call.Value(Index), vectors = call.Weights.Pointer(node.Vectors);
        for (var image = 0; image < Images; image++, x += _length, y += _length)
        {
            new Span<float>(x, _length).CopyTo(new Span<float>(y, _length));
            if (call.Label(image) is >= 0 and var label)
            {
                Numbers.Add(vectors + ((long)label * _length), y, _length);
            }
        }
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        float* dy = call.Gradient(Index), vectors = call.Gradients!.Pointer(node.Vectors);
        for (var image = 0; image < Images; image++)
        {
            if (call.Label(image) is >= 0 and var label)
            {
                Numbers.Add(dy + (image * _length), vectors + ((long)label * _length), _length);
            }
        }

        Pass(call, 0, node.Input, Images * _length);
    }
}

/// <summary>Adds the vectors of what was done to each image.</summary>
internal sealed unsafe class AugmentationEmbeddingOperation(AugmentationEmbeddingNode node, int index, int images)
    : CpuOperation(index, images)
{
    private readonly int _length = node.Shape.Channels;

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        float* x = call.Value(node.Input), y = call.Value(Index), vectors = call.Weights.Pointer(node.Vectors);
        for (var image = 0; image < Images; image++, x += _length, y += _length)
        {
            new Span<float>(x, _length).CopyTo(new Span<float>(y, _length));
            var augmentation = call.Augmentation(image);
            for (var i = 0; i < augmentation.Length; i++)
            {
                Numbers.AddScaled(augmentation[i], vectors + (i * _length), y, _length);
            }
        }
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        float* dy = call.Gradient(Index), vectors = call.Gradients!.Pointer(node.Vectors);
        for (var image = 0; image < Images; image++)
        {
            var augmentation = call.Augmentation(image);
            for (var i = 0; i < augmentation.Length; i++)
            {
                Numbers.AddScaled(augmentation[i], dy + (image * _length), vectors + (i * _length), _length);
            }
        }

        Pass(call, 0, node.Input, Images * _length);
    }
}
