namespace Microsoft.ML.Diffusion.Networks;

/// <summary>One operation of a network: what it reads, and the shape of what it makes.</summary>
/// <param name="Shape">The shape of its value for one image.</param>
internal abstract record PlanNode(ValueShape Shape)
{
    /// <summary>The values that it reads, by the numbers of the nodes that make them.</summary>
    public virtual IReadOnlyList<int> Inputs => [];

    /// <summary>The weights that it reads.</summary>
    public virtual IReadOnlyList<PlanWeight> Weights => [];

    /// <summary>What it does, in words.</summary>
    protected abstract string Operation { get; }

    /// <inheritdoc/>
    public sealed override string ToString()
    {
        var read = Inputs.Count == 0 ? "" : $" of {string.Join(", ", Inputs)}";
        return $"{Operation}{read}{(Weights.Count == 0 ? "" : $" by {Weights[0].Layer}")}: {Shape}";
    }
}

/// <summary>A node that reads one value.</summary>
/// <param name="Shape">The shape of its value.</param>
/// <param name="Input">What it reads.</param>
internal abstract record PlanStep(ValueShape Shape, int Input) : PlanNode(Shape)
{
    /// <inheritdoc/>
    public override IReadOnlyList<int> Inputs => [Input];
}

/// <summary>The noisy images that the network is called with, in the type of the weights.</summary>
internal sealed record ImagesNode(ValueShape Shape) : PlanNode(Shape)
{
    /// <inheritdoc/>
    protected override string Operation => "images";
}

/// <summary>Sinusoids of the timesteps that the network is called with.</summary>
/// <param name="Shape">A vector.</param>
/// <param name="CosinesFirst">Whether the cosines come first.</param>
/// <param name="FrequencyShift">How the frequencies are spaced.</param>
internal sealed record SinusoidsNode(ValueShape Shape, bool CosinesFirst, int FrequencyShift) : PlanNode(Shape)
{
    /// <inheritdoc/>
    protected override string Operation =>
        $"{(CosinesFirst ? "cosines and sines" : "sines and cosines")} of the timesteps, shift {FrequencyShift}";
}
