using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>Lends a network that is being trained its averaged weights, and gives it its own back, bit by bit.</summary>
internal sealed class LentAverage : IDisposable
{
    private readonly FlatOptimizer _parameters;
    private readonly Tensor _own;
    private bool _isGivenBack;

    public LentAverage(FlatOptimizer parameters)
    {
        using var noGrad = no_grad();
        _parameters = parameters;
        _own = parameters[TrainingBuffer.Weights].clone().DetachFromDisposeScope();
        Put(parameters[TrainingBuffer.Average]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_isGivenBack)
        {
            return;
        }

        _isGivenBack = true;
        Put(_own);
        _own.Dispose();
    }

    private void Put(Tensor weights)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        _parameters[TrainingBuffer.Weights].copy_(weights);
        _parameters.Refresh();
    }
}
