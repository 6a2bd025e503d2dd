namespace Microsoft.ML.Diffusion;

/// <summary>What an ONNX file holds of a model.</summary>
public enum OnnxContent
{
    /// <summary>The network alone: a noisy image and a timestep in, the prediction out. Whoever calls it walks the steps.</summary>
    Network,

    /// <summary>The network with a sampler around it: noise in, finished images out.</summary>
    Generator,
}
