using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>x sigmoid(x).</summary>
internal sealed unsafe class SiluOperation(SiluNode node, int index, int images) : CpuOperation(index, images)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> NeededInputs => [node.Input];

    /// <inheritdoc/>
    public override IReadOnlyList<int> Replaceable => [node.Input];

    /// <inheritdoc/>
    public override bool ContributesElsewhere => true;

    /// <inheritdoc/>
    public override void Forward(CpuCall call) => Logistic.Silu(call.Value(node.Input), call.Value(Index), Length(node.Shape));

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        Logistic.SiluGradient(call.Value(node.Input), call.Gradient(Index), Contribution(call, 0, node.Input), Length(node.Shape));
        Add(call, 0, node.Input, Length(node.Shape));
    }
}

/// <summary>Drops features in training.</summary>
internal sealed unsafe class DropoutOperation(DropoutNode node, double probability, int index, int images) : CpuOperation(index, images)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Replaceable => [node.Input];

    /// <inheritdoc/>
    public override bool ContributesElsewhere => true;

    /// <inheritdoc/>
    public override long OwnLength => Length(node.Shape); // 0 or 1 / (1 - p) for each feature

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        var keep = call.Own(Index);
        var length = Length(node.Shape) / Images;
        for (var image = 0; image < Images; image++)
        {
            call.Dropout.Numbers.Choices(
                call.Dropout.FirstSample + call.First + image,
                node.Place,
                new Span<float>(keep + (image * length), length),
                probability,
                (float)(1 / (1 - probability)));
        }

        Numbers.Product(call.Value(node.Input), keep, call.Value(Index), Length(node.Shape));
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        Numbers.Product(call.Gradient(Index), call.Own(Index), Contribution(call, 0, node.Input), Length(node.Shape));
        Add(call, 0, node.Input, Length(node.Shape));
    }
}

/// <summary>(x + y) / divisor.</summary>
internal sealed unsafe class AddOperation(AddNode node, int index, int images) : CpuOperation(index, images)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Replaceable => [node.Input, node.Other];

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        var y = call.Value(Index);
        Numbers.Sum(call.Value(node.Input), call.Value(node.Other), y, Length(node.Shape));
        Divide(y);
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        Divide(call.Gradient(Index));
        Pass(call, 0, node.Input, Length(node.Shape));
        Pass(call, 1, node.Other, Length(node.Shape));
    }

    private void Divide(float* x)
    {
        if (node.Divisor != 1)
        {
            Numbers.Scale(x, (float)(1 / node.Divisor), Length(node.Shape));
        }
    }
}

/// <summary>What only has another shape than its input.</summary>
internal sealed unsafe class AliasOperation(PlanStep node, int index, int images) : CpuOperation(index, images)
{
    /// <inheritdoc/>
    public override int? AliasOf => node.Input;

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call) => Pass(call, 0, node.Input, Length(node.Shape));
}

/// <summary>(1 + s) x + b.</summary>
internal sealed unsafe class ScaleAndShiftOperation(ScaleAndShiftNode node, int index, int images) : CpuOperation(index, images)
{
    private readonly int _channels = node.Shape.Channels;
    private readonly int _pixels = node.Shape.Height * node.Shape.Width;

    /// <inheritdoc/>
    public override IReadOnlyList<int> NeededInputs => [node.Input, node.Features];

    /// <inheritdoc/>
    public override IReadOnlyList<int> Replaceable => [node.Input];

    /// <inheritdoc/>
    public override bool ContributesElsewhere => true;

    /// <inheritdoc/>
    public override void Forward(CpuCall call)
    {
        float* x = call.Value(node.Input), y = call.Value(Index);
        for (var image = 0; image < Images; image++)
        {
            var scale = call.Value(node.Features) + (image * 2 * _channels);
            for (var pixel = 0; pixel < _pixels; pixel++, x += _channels, y += _channels)
            {
                for (var c = 0; c < _channels; c++)
                {
                    y[c] = (x[c] * (1 + scale[c])) + scale[_channels + c];
                }
            }
        }
    }

    /// <inheritdoc/>
    public override void Backward(CpuCall call)
    {
        float* x = call.Value(node.Input), dy = call.Gradient(Index), features = call.Gradient(node.Features);
        if (Adds[1] == false)
        {
            new Span<float>(features, Images * 2 * _channels).Clear();
        }

        var dx = Contribution(call, 0, node.Input);
        for (var image = 0; image < Images; image++)
        {
            float* scale = call.Value(node.Features) + (image * 2 * _channels), dscale = features + (image * 2 * _channels);
            for (var pixel = 0; pixel < _pixels; pixel++, x += _channels, dy += _channels, dx += _channels)
            {
                for (var c = 0; c < _channels; c++)
                {
                    dscale[c] += dy[c] * x[c];
                    dscale[_channels + c] += dy[c];
                    dx[c] = dy[c] * (1 + scale[c]);
                }
            }
        }

        Add(call, 0, node.Input, Length(node.Shape));
    }
}
