using Microsoft.ML.Diffusion.Engines.Torch;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>First weights of networks of tensors.</summary>
internal static class FirstWeights
{
    extension(UNet network)
    {
        /// <summary>Gives the network the weights that training starts from.</summary>
        public void Initialize(long seed) => network.Write(Of(network.Plan, seed));
    }

    /// <summary>The weights that training of a plan starts from.</summary>
    public static NetworkWeights Of(UNetPlan plan, long seed)
    {
        var weights = new NetworkWeights(plan);
        Initialization.Initialize(weights, seed);
        return weights;
    }
}
