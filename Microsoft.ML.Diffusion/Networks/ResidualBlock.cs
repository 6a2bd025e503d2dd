namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Two normalized convolutions around the timestep's features, added to the input.</summary>
/// <param name="OutChannels">C_out.</param>
/// <param name="Divisor">What the sum of input and output is divided by.</param>
/// <param name="Resample">How both ways through the block change the resolution; null keeps it.</param>
internal sealed record ResidualBlock(int OutChannels, double Divisor = 1, Func<int, int>? Resample = null)
{
    /// <summary>Writes the block down.</summary>
    /// <param name="plan">Where to.</param>
    /// <param name="name">The block's.</param>
    /// <param name="x">The image.</param>
    /// <param name="embedding">Activated features of the timestep.</param>
    /// <returns>The image behind it.</returns>
    public int AddTo(PlanBuilder plan, string name, int x, int embedding)
    {
        var changesChannels = plan.ShapeOf(x).Channels != OutChannels;
        var h = plan.Normalization($"{name}.norm1", x, activates: true);
        if (Resample is not null)
        {
            (x, h) = (Resample(x), Resample(h));
        }

        h = Conditioned(plan, name, h, embedding);

        // Zero at the start of training, so that the block starts as the identity.
        h = plan.Convolution($"{name}.conv2", plan.Dropout(h), OutChannels, startsAtZero: true);
        return plan.Sum(h, changesChannels ? plan.Pointwise($"{name}.conv_shortcut", x, OutChannels) : x, Divisor);
    }

    // The first convolution and the second normalization, activated, with the timestep's features before it or, scaling and shifting, behind it.
    private int Conditioned(PlanBuilder plan, string name, int h, int embedding)
    {
        var scalesAndShifts = plan.Options.Details.ScaleAndShift;
        var features = plan.Linear($"{name}.time_emb_proj", embedding, scalesAndShifts ? 2 * OutChannels : OutChannels);
        if (!scalesAndShifts)
        {
            return plan.Normalization($"{name}.norm2", plan.Convolution($"{name}.conv1", h, OutChannels, features), activates: true);
        }

        h = plan.Normalization($"{name}.norm2", plan.Convolution($"{name}.conv1", h, OutChannels), activates: false);
        return plan.Silu(plan.Add(new ScaleAndShiftNode(plan.ShapeOf(h), h, features)));
    }
}
