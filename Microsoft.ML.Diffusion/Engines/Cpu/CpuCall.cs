using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Engines.Cpu;

/// <summary>What a thread works with while it computes a program for some images of a batch.</summary>
internal sealed unsafe class CpuCall
{
    private readonly CpuProgram _program;
    private readonly CpuMemory _memory;

    /// <param name="program">What is computed.</param>
    /// <param name="weights">The network's.</param>
    /// <param name="gradients">What the weights' gradients are added to; null where none are computed.</param>
    /// <param name="memory">As much as the program needs, or more; null for some of its own.</param>
    public CpuCall(CpuProgram program, NetworkWeights weights, NetworkWeights? gradients, CpuMemory? memory = null)
    {
        (_program, Weights, Gradients) = (program, weights, gradients);
        _memory = memory ?? new CpuMemory(program.Memory.Length);
    }

    public NetworkWeights Weights { get; }

    public NetworkWeights? Gradients { get; }

    /// <summary>Filters that are ready; null where the weights change between two calls.</summary>
    public PreparedFilters? Filters { get; set; }

    /// <summary>What the network is called with: all of a batch.</summary>
    public NetworkInput Input { get; private set; }

    /// <summary>The batch's first image that is computed here.</summary>
    public int First { get; private set; }

    /// <summary>What is dropped.</summary>
    public DropoutDraws Dropout { get; private set; }

    /// <summary>Where a value lies.</summary>
    public float* Value(int node) => _memory.Begin + _program.ValueOffset(node);

    /// <summary>Where a value's gradient lies.</summary>
    public float* Gradient(int node) => _memory.Begin + _program.GradientOffset(node);

    /// <summary>Where what a node keeps for itself lies.</summary>
    public float* Own(int node) => _memory.Begin + _program.OwnOffset(node);

    /// <summary>Where a node computes what it then adds to a gradient.</summary>
    public float* Contribution(int node) => _memory.Begin + _program.ContributionOffset(node);

    /// <summary>The timestep of an image.</summary>
    public float Timestep(int image) => Input.Timesteps.Span[Input.Timesteps.Length == 1 ? 0 : First + image];

    /// <summary>The class of an image; -1 for none.</summary>
    public int Label(int image) => Input.Labels.IsEmpty ? -1 : Input.Labels.Span[First + image];

    /// <summary>What was done to an image before it was noised; empty for nothing.</summary>
    public ReadOnlySpan<float> Augmentation(int image)
    {
        var length = Input.Augmentation.Length / Input.Count;
        return Input.Augmentation.Span.Slice((First + image) * length, length);
    }

    /// <summary>Begins with the images from <paramref name="first"/> on.</summary>
    public void Begin(in NetworkInput input, int first, DropoutDraws dropout) => (Input, First, Dropout) = (input, first, dropout);
}
