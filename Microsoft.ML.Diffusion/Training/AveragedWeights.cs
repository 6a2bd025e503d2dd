using Microsoft.ML.Diffusion.Networks;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Lends a network that is being trained its averaged weights, in evaluation mode, and gives it its own back, bit by bit.</summary>
internal sealed class AveragedWeights : IDisposable
{
    private readonly UNet _network;
    private readonly FlatOptimizer _parameters;
    private readonly Tensor _weights;
    private readonly Tensor _own;

    public AveragedWeights(UNet network, FlatOptimizer parameters)
    {
        using var noGrad = no_grad();
        (_network, _parameters) = (network, parameters);
        _weights = parameters.State.Single(part => part.Name == "weights").Value;
        _own = _weights.clone().DetachFromDisposeScope();
        _weights.copy_(Average(parameters));
        parameters.Refresh();
        network.eval();
    }

    /// <summary>The average itself.</summary>
    public static Tensor Average(FlatOptimizer parameters) => parameters.State.Single(part => part.Name == "average").Value;

    public void Dispose()
    {
        using var noGrad = no_grad();
        _weights.copy_(_own);
        _parameters.Refresh();
        _own.Dispose();
        _network.train();
    }
}
