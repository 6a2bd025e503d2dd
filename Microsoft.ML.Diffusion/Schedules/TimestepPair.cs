using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>One reverse step of a sampling run, from x at <paramref name="Timestep"/> to x at <paramref name="PreviousTimestep"/>.</summary>
/// <param name="Timestep">t, in 0..T-1.</param>
/// <param name="PreviousTimestep">The next smaller timestep of the run; -1 after the last one, where no noise is left.</param>
public readonly record struct TimestepPair(int Timestep, int PreviousTimestep)
{
    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
