using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>The channels of two images, one after another.</summary>
internal sealed unsafe class ConcatenateOperation(ConcatenateNode node, int split, int index, int images) : CpuOperation(index, images)
{
    private readonly int _channels = node.Shape.Channels;
    private readonly int _pixels = images * node.Shape.Height * node.Shape.Width;

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        float* first = call.Value(node.Input), second = call.Value(node.Other), y = call.Value(Index);
        var other = _channels - split;
        for (var pixel = 0; pixel < _pixels; pixel++, first += split, second += other, y += _channels)
        {
            new Span<float>(first, split).CopyTo(new Span<float>(y, split));
            new Span<float>(second, other).CopyTo(new Span<float>(y + split, other));
        }
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        Split(call, 0, node.Input, 0, split);
        Split(call, 1, node.Other, split, _channels - split);
    }

    private void Split(CpuCall call, int slot, int input, int begin, int count)
    {
        if (Adds[slot] is not { } adds)
        {
            return;
        }

        float* dy = call.Gradient(Index) + begin, dx = call.Gradient(input);
        for (var pixel = 0; pixel < _pixels; pixel++, dy += _channels, dx += count)
        {
            if (adds)
            {
                Numbers.Add(dy, dx, count);
            }
            else
            {
                new Span<float>(dy, count).CopyTo(new Span<float>(dx, count));
            }
        }
    }
}

/// <summary>What moves, repeats, averages or shifts pixels: each number of the result is a sum of equal shares of numbers of the input.</summary>
internal sealed unsafe class RearrangeOperation(PlanStep node, ValueShape from, int index, int images) : CpuOperation(index, images)
{
    private readonly int _inLength = from.Channels * from.Height * from.Width;
    private readonly int _outLength = node.Shape.Channels * node.Shape.Height * node.Shape.Width;

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        float* x = call.Value(node.Input), y = call.Value(Index);
        for (var image = 0; image < Images; image++, x += _inLength, y += _outLength)
        {
            switch (node)
            {
                case CenterNode:
                    for (var i = 0; i < _outLength; i++)
                    {
                        y[i] = (2 * x[i]) - 1;
                    }

                    break;
                case AveragePoolNode:
                    Average(x, y);
                    break;
                default:
                    Move(x, y, forward: true);
                    break;
            }
        }
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        if (Adds[0] is not { } adds)
        {
            return;
        }

        float* dy = call.Gradient(Index), dx = call.Gradient(node.Input);
        if (!adds)
        {
            new Span<float>(dx, Images * _inLength).Clear();
        }

        for (var image = 0; image < Images; image++, dx += _inLength, dy += _outLength)
        {
            if (node is AveragePoolNode)
            {
                Spread(dy, dx);
            }
            else
            {
                Move(dx, dy, forward: false);
            }
        }
    }

    // Where a number of the result, at a channel of a pixel, comes from.
    private int Source(int row, int column, int channel)
    {
        switch (node)
        {
            case PatchNode { Side: var side }:
                {
                    var (plane, place) = Math.DivRem(channel, side * side);
                    return ((((row * side) + (place / side)) * from.Width) + (column * side) + (place % side)) * from.Channels + plane;
                }

            case UnpatchNode { Side: var side }:
                {
                    var place = (channel * side * side) + (row % side * side) + (column % side);
                    return ((((row / side) * from.Width) + (column / side)) * from.Channels) + place;
                }

            case RepeatPixelsNode:
                return ((((row / 2) * from.Width) + (column / 2)) * from.Channels) + channel;
            default:
                throw new NotSupportedException($"{node} is not computed on the CPU.");
        }
    }

    // Copies the input to the result, or adds the result's gradient to the input's.
    private void Move(float* input, float* result, bool forward)
    {
        for (var row = 0; row < node.Shape.Height; row++)
        {
            for (var column = 0; column < node.Shape.Width; column++)
            {
                for (var channel = 0; channel < node.Shape.Channels; channel++, result++)
                {
                    var source = input + Source(row, column, channel);
                    if (forward)
                    {
                        *result = *source;
                    }
                    else
                    {
                        *source += *result;
                    }
                }
            }
        }
    }

    private void Average(float* x, float* y)
    {
        var (channels, width) = (from.Channels, from.Width * from.Channels);
        for (var row = 0; row < node.Shape.Height; row++)
        {
            for (var column = 0; column < node.Shape.Width; column++, y += channels)
            {
                var corner = x + (2 * row * width) + (2 * column * channels);
                for (var c = 0; c < channels; c++)
                {
                    y[c] = (corner[c] + corner[channels + c] + corner[width + c] + corner[width + channels + c]) * 0.25f;
                }
            }
        }
    }

    private void Spread(float* dy, float* dx)
    {
        var (channels, width) = (from.Channels, from.Width * from.Channels);
        for (var row = 0; row < node.Shape.Height; row++)
        {
            for (var column = 0; column < node.Shape.Width; column++, dy += channels)
            {
                var corner = dx + (2 * row * width) + (2 * column * channels);
                for (var c = 0; c < channels; c++)
                {
                    var share = dy[c] * 0.25f;
                    corner[c] += share;
                    corner[channels + c] += share;
                    corner[width + c] += share;
                    corner[width + channels + c] += share;
                }
            }
        }
    }
}
