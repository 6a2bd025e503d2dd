namespace Microsoft.ML.Diffusion;

/// <summary>What the network computes in while it is trained. Its weights are float32 in any case.</summary>
public enum TrainingPrecision
{
    /// <summary><see cref="BFloat16"/> on CUDA, <see cref="Float32"/> elsewhere.</summary>
    Automatic,

    /// <summary>32-bit floating point; on CUDA, products in TF32, which rounds factors to 10 bits.</summary>
    Float32,

    /// <summary>
    /// bfloat16 on a rounded copy of the weights, with gradients added to float32 weights: made for GPUs. The device "cpu" has float32 alone and
    /// refuses it.
    /// </summary>
    BFloat16,
}
