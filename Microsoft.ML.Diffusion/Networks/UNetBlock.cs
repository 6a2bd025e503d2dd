namespace Microsoft.ML.Diffusion;

/// <summary>What one level of the U-Net consists of.</summary>
public enum UNetBlock
{
    /// <summary>Residual blocks, and a plain change of resolution.</summary>
    Residual,

    /// <summary>Residual blocks, each followed by self-attention, and a plain change of resolution.</summary>
    Attention,

    /// <summary>Residual blocks; the resolution changes inside one more of them (Dhariwal and Nichol 2021, section 3).</summary>
    ResidualResampling,

    /// <summary>Residual blocks, each followed by self-attention; the resolution changes inside one more residual block.</summary>
    AttentionResidualResampling,
}

/// <summary>What stands between the way down and the way up.</summary>
public enum UNetMiddle
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Two residual blocks.</summary>
    Residual,

    /// <summary>Two residual blocks with self-attention between them.</summary>
    Attention,
}
