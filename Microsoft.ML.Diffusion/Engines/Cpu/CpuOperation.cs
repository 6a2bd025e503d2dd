using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>A node of a plan, ready to be computed for a number of images. Images and pixels are in channels-last order, [N][H][W][C], vectors [N][C].</summary>
/// <param name="index">The node's number.</param>
/// <param name="images">N.</param>
internal abstract unsafe class CpuOperation(int index, int images)
{
    /// <summary>The number of the node, and of its value.</summary>
    protected int Index { get; } = index;

    /// <summary>N.</summary>
    protected int Images { get; } = images;

    /// <summary>The inputs whose values the gradient is computed from.</summary>
    public virtual IReadOnlyList<int> NeededInputs => [];

    /// <summary>The floats that the node keeps for its gradient.</summary>
    public virtual long OwnLength => 0;

    /// <summary>The inputs of which the value may be written over one that nothing else reads any more.</summary>
    public virtual IReadOnlyList<int> Replaceable => [];

    /// <summary>The input that the value is as it is, as is its gradient; null if it is another.</summary>
    public virtual int? AliasOf => null;

    /// <summary>Whether what is added to a gradient is first computed elsewhere.</summary>
    public virtual bool ContributesElsewhere => false;

    /// <summary>Computes the value.</summary>
    public abstract void Forward(CpuCall call);

    /// <summary>
    /// Computes what the value's gradient contributes to that of each input, and adds the gradients of weights. A contribution is written, or added if <see cref="Adds"/>
    /// says that the input has some already.
    /// </summary>
    public abstract void Backward(CpuCall call);

    /// <summary>For each input, whether its gradient holds contributions of other nodes already; null where it needs no gradient.</summary>
    public IReadOnlyList<bool?> Adds { get; set; } = [];

    /// <summary>The floats of a value.</summary>
    protected int Length(ValueShape shape) => checked(Images * shape.Channels * shape.Height * shape.Width);

    /// <summary>Where the contribution to an input's gradient is computed; <see cref="Add"/> follows.</summary>
    protected float* Contribution(CpuCall call, int slot, int input) =>
        Adds[slot] == true ? call.Contribution(Index) : call.Gradient(input);

    /// <summary>Adds what was computed to the gradient of an input, if it was computed elsewhere.</summary>
    protected void Add(CpuCall call, int slot, int input, int length)
    {
        if (Adds[slot] == true)
        {
            Numbers.Add(call.Contribution(Index), call.Gradient(input), length);
        }
    }

    /// <summary>Passes the value's gradient on to an input as it is.</summary>
    protected void Pass(CpuCall call, int slot, int input, int length)
    {
        float* dy = call.Gradient(Index), dx = call.Gradient(input);
        if (Adds[slot] == true)
        {
            Numbers.Add(dy, dx, length);
        }
        else if (Adds[slot] == false && dx != dy)
        {
            new Span<float>(dy, length).CopyTo(new Span<float>(dx, length));
        }
    }
}
