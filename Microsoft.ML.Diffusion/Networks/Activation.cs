using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>The network's nonlinearity.</summary>
internal static class Activation
{
    /// <summary>x sigmoid(x), written over <paramref name="x"/> where no gradient will need it.</summary>
    public static Tensor Silu(Tensor x) => x.requires_grad ? nn.functional.silu(x) : x.silu_();
}
