using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>A loss and its parts, [N] each.</summary>
/// <param name="Loss">What is minimized.</param>
/// <param name="SquaredError">Mean squared error of the prediction, before any weight; null for L_vlb.</param>
/// <param name="Variational">Term of L_vlb in bits per dimension, before any weight; null for L_simple.</param>
internal sealed record LossTerms(Tensor Loss, Tensor? SquaredError, Tensor? Variational);

/// <summary>The loss of each image of a batch.</summary>
/// <param name="diffusion">The forward process, and what the network predicts of it.</param>
/// <param name="loss">Which loss.</param>
/// <param name="variance">The variance of the reverse step that L_vlb judges.</param>
internal sealed class TrainingObjective(GaussianDiffusion diffusion, TrainingLoss loss, DdpmVariance variance)
{
    private readonly ReverseProcess _reverse = new(diffusion, variance, Clipping.None);
    private readonly VariationalBound _bound = new(diffusion);

    /// <summary>Lambda of the hybrid loss: the share of L_vlb, whose sum over t each image estimates by T times its term.</summary>
    public double VariationalWeight { get; init; } = 0.001;

    /// <summary>Gamma of the weights of the squared error; null weights every timestep alike.</summary>
    public double? MinimumSnrGamma { get; init; }

    /// <param name="x0">Images, [N, C, H, W].</param>
    /// <param name="noise">The noise in <paramref name="xt"/>.</param>
    /// <param name="xt">The images noised to the timesteps.</param>
    /// <param name="output">The network's output for them, [N, C, H, W], or [N, 2C, H, W] for a learned variance.</param>
    /// <param name="timesteps">N timesteps.</param>
    public LossTerms Terms(Tensor x0, Tensor noise, Tensor xt, Tensor output, ReadOnlySpan<int> timesteps)
    {
        var allTerms = (double)diffusion.Schedule.NumberOfTrainingTimesteps;
        if (loss == TrainingLoss.Variational)
        {
            var bits = _bound.Terms(x0, xt, _reverse.Step(xt, output, timesteps), timesteps);
            return new LossTerms(bits.Times(allTerms), null, bits);
        }

        var (prediction, interpolation) = variance == DdpmVariance.Learned ? LearnedVariance.Split(output) : (output, null);
        var squaredError =
            nn.functional.mse_loss(prediction, diffusion.Target(x0, noise, timesteps), nn.Reduction.None).flatten(1).mean([1]);
        var weighted = MinimumSnrGamma is { } gamma ? squaredError * Weights(gamma, squaredError, timesteps) : squaredError;
        if (loss == TrainingLoss.Simple)
        {
            return new LossTerms(weighted, squaredError, null);
        }

        // The gradient of L_vlb stops at the mean: it reaches the variance alone.
        var frozen = interpolation is null ? output.detach() : cat([prediction.detach(), interpolation], 1);
        var term = _bound.Terms(x0, xt, _reverse.Step(xt, frozen, timesteps), timesteps);
        return new LossTerms(weighted.Plus(term.Times(VariationalWeight * allTerms)), squaredError, term);
    }

    private Tensor Weights(double gamma, Tensor like, ReadOnlySpan<int> timesteps) =>
        diffusion.Gather(timesteps, like, t => MinimumSnr.Weight(diffusion.Prediction, diffusion.Schedule.SignalToNoiseRatio[t], gamma));
}
