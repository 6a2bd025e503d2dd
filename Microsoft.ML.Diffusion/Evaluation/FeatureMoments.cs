using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// Mean and covariance of a stream of rows, in double, whatever their number: batches are merged by the formula of Chan, Golub and LeVeque (1979).
/// </summary>
internal sealed class FeatureMoments(int features) : IDisposable
{
    private Tensor _mean = zeros(features, ScalarType.Float64).DetachFromDisposeScope();
    private Tensor _scatter = zeros([features, features], ScalarType.Float64).DetachFromDisposeScope();

    /// <summary>Gets N.</summary>
    public long Count { get; private set; }

    /// <summary>Gets the mean, [D].</summary>
    public Tensor Mean => _mean;

    /// <summary>The covariance with divisor N - 1, [D, D].</summary>
    public Tensor Covariance() => _scatter.Over(Count - 1);

    /// <summary>Adds rows, [n, D].</summary>
    public void Add(Tensor rows)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var batch = rows.to(ScalarType.Float64);
        var count = batch.shape[0];
        var mean = batch.mean([0]);
        var centred = batch - mean;
        var shift = mean - _mean;
        var total = Count + count;

        var scatter = _scatter.Plus(centred.t().mm(centred)).Plus(shift.outer(shift).Times((double)Count * count / total));
        var merged = _mean.Plus(shift.Times((double)count / total));
        Dispose();
        (_mean, _scatter, Count) = (merged.DetachFromDisposeScope(), scatter.DetachFromDisposeScope(), total);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _mean.Dispose();
        _scatter.Dispose();
    }
}
