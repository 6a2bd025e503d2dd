using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>A convolution, and a linear layer, which is one of single pixels.</summary>
/// <param name="shape">Its sizes.</param>
/// <param name="input">The image.</param>
/// <param name="features">The vector that is added to each pixel; null for none.</param>
/// <param name="layer">The weights.</param>
/// <param name="index">The node's number.</param>
internal sealed unsafe class ConvolutionOperation(ConvolutionShape shape, int input, int? features, LayerWeights layer, int index)
    : CpuOperation(index, shape.Images)
{
    private readonly Convolution _kernel = Convolution.Of(shape);
    private readonly int _channels = shape.OutChannels;

    /// <inheritdoc/>
    public override IReadOnlyList<int> NeededInputs => [input];

    /// <inheritdoc/>
    public override bool ContributesElsewhere => true;

    /// <inheritdoc/>
    /// <remarks>What is added to each image, and later the sums of each image's gradient.</remarks>
    public override long OwnLength => (long)Images * _channels;

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        var bias = call.Weights.Pointer(layer.Bias);
        if (features is { } added)
        {
            float* sums = call.Own(Index), vectors = call.Value(added);
            for (var image = 0; image < Images; image++)
            {
                Numbers.Sum(bias, vectors + (image * _channels), sums + (image * _channels), _channels);
            }

            bias = sums;
        }

        float* x = call.Value(input), g = call.Weights.Pointer(layer.Weight), y = call.Value(Index);
        var biasStride = features is null ? 0 : _channels;
        var prepared = call.Filters is { } filters ? filters.Of(Index, _kernel, g) : null;
        if (prepared is null)
        {
            _kernel.Forward(x, g, bias, biasStride, y);
        }
        else
        {
            _kernel.ForwardOf(x, prepared, bias, biasStride, y);
        }
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        var dy = call.Gradient(Index);
        _kernel.FilterGradient(call.Value(input), dy, call.Gradients!.Pointer(layer.Weight));
        SumUp(call, dy);
        if (Adds[0] is not null)
        {
            _kernel.InputGradient(dy, call.Weights.Pointer(layer.Weight), Contribution(call, 0, input));
            Add(call, 0, input, Images * shape.InHeight * shape.InWidth * shape.InChannels);
        }
    }

    // What the biases and the features get: the sums over pixels.
    private void SumUp(CpuCall call, float* dy)
    {
        float* sums = call.Own(Index), bias = call.Gradients!.Pointer(layer.Bias);
        for (var image = 0; image < Images; image++)
        {
            var sum = sums + (image * _channels);
            Numbers.SumRows(dy + ((long)image * shape.OutPixels * _channels), _channels, shape.OutPixels, sum);
            Numbers.Add(sum, bias, _channels);
        }

        if (features is { } added)
        {
            var gradient = call.Gradient(added);
            if (Adds[1] == true)
            {
                Numbers.Add(sums, gradient, Images * _channels);
            }
            else
            {
                new Span<float>(sums, Images * _channels).CopyTo(new Span<float>(gradient, Images * _channels));
            }
        }
    }
}
