using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Computes with the product what a loss file holds, by the names of its tensors.</summary>
internal static class LossReplay
{
    public static Dictionary<string, double[]> Run(LossFile file, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var results = file switch
        {
            _ when file.Has("x_t") => Forward(file, type),
            _ when file.Has("model_output") => Gradients(file, type),
            _ when file.Has("loss_per_sample") => Simple(file, type),
            _ => Reverse(file, type).Concat(Objectives(file, type)).Concat(file.Has("bpd.vb") ? Bound(file, type) : []),
        };
        return results.ToDictionary(result => result.Name, result => result.Value.ToDoubles());
    }

    // q(x_t | x_0), its posterior, and conversions.
    private static IEnumerable<(string Name, Tensor Value)> Forward(LossFile file, ScalarType type)
    {
        var (x0, noise, t) = (file.Images(type), file.Tensor("noise", type), file.Timesteps);
        var diffusion = new GaussianDiffusion(file.Schedule, PredictionType.VPrediction);
        var xt = diffusion.AddNoise(x0, noise, t);
        var (mean, variance, logVariance) = diffusion.Marginal(x0, t);
        var (posteriorMean, posteriorVariance, posteriorLogVariance) = diffusion.Posterior(x0, xt, t);
        return
        [
            ("x_t", xt), ("x_t_diffusers_add_noise", xt), ("q_mean", mean), ("q_variance", variance), ("q_log_variance", logVariance),
            ("post_mean", posteriorMean), ("post_variance", posteriorVariance), ("post_log_variance_clipped", posteriorLogVariance),
            ("xstart_from_eps", diffusion.ToOriginalSample(xt, noise, PredictionType.Epsilon, t)),
            ("eps_from_xstart", diffusion.ToNoise(xt, x0, PredictionType.Sample, t)),
            ("v_target", diffusion.Target(x0, noise, t)),
            ("prior_bpd", new VariationalBound(diffusion).Prior(x0)),
        ];
    }

    // p(x_{t-1} | x_t), the terms of the bound, and the decoder at t = 0.
    private static IEnumerable<(string Name, Tensor Value)> Reverse(LossFile file, ScalarType type)
    {
        var (x0, noise, t) = (file.Images(type), file.Tensor("noise", type), file.Timesteps);
        var (peer, first) = (new PeerReverse(file), new int[file.Timesteps.Length]);
        var xt = peer.Diffusion.AddNoise(x0, noise, t);
        var step = peer.Step(xt, file.Output(xt, t), t, file.Clipping);
        var x1 = peer.Diffusion.AddNoise(x0, noise, first);
        var last = peer.Step(x1, file.Output(x1, first), first, file.Clipping);
        return
        [
            ("p_mean", step.Mean), ("p_log_variance", step.LogVariance), ("p_xstart", step.OriginalSample),
            ("p_variance", file.VarianceType == "fixed_small" ? peer.Diffusion.Posterior(x0, xt, t).Variance : step.LogVariance.exp()),
            ("vb_terms_bpd", peer.Bits(x0, xt, file.Output(xt, t), t, file.Clipping)),
            ("bpd.prior_bpd", new VariationalBound(peer.Diffusion).Prior(x0)),
            ("decoder_log_likelihood_t0", DiscretizedGaussian.LogLikelihood(x0, last.Mean, last.LogVariance)),
        ];
    }

    // The peer's four losses: with T times the weight of L_vlb where they are called rescaled, and lambda 0.001 in the hybrid one.
    private static List<(string Name, Tensor Value)> Objectives(LossFile file, ScalarType type)
    {
        var (x0, noise, t, peer) = (file.Images(type), file.Tensor("noise", type), file.Timesteps, new PeerReverse(file));
        var xt = peer.Diffusion.AddNoise(x0, noise, t);
        var output = file.Output(xt, t);
        var all = (double)file.Schedule.NumberOfTrainingTimesteps;
        var results = new List<(string, Tensor)>();
        foreach (var (name, loss, weight) in new[] { ("mse", TrainingLoss.Hybrid, 1 / all), ("rescaled_mse", TrainingLoss.Hybrid, 0.001), ("kl", TrainingLoss.Variational, 0), ("rescaled_kl", TrainingLoss.Variational, 0) })
        {
            var isFixed = file.VarianceType.StartsWith("fixed", StringComparison.Ordinal);
            var terms = peer.IsOwn
                ? new TrainingObjective(
                    peer.Diffusion,
                    isFixed && loss == TrainingLoss.Hybrid ? TrainingLoss.Simple : loss,
                    peer.Variance)
                { VariationalWeight = weight }.Terms(x0, noise, xt, output, t)
                : Unusual(loss, isFixed);
            results.Add(($"training.{name}.loss", name == "kl" ? terms.Loss / all : terms.Loss));
            if (loss == TrainingLoss.Hybrid)
            {
                results.Add(($"training.{name}.mse", terms.SquaredError!));
                results.AddRange(isFixed ? [] : [($"training.{name}.vb", weight * all * terms.Variational!)]);
            }

            LossTerms Unusual(TrainingLoss loss, bool isFixed)
            {
                var (squaredError, bits) = peer.Losses(x0, noise, xt, output, t);
                return new LossTerms(
                    loss == TrainingLoss.Variational ? all * bits : isFixed ? squaredError : squaredError + (weight * all * bits),
                    squaredError,
                    bits);
            }
        }

        return results;
    }

    // The bound over all timesteps, columns from T-1 down to 0.
    private static IEnumerable<(string Name, Tensor Value)> Bound(LossFile file, ScalarType type)
    {
        var (x0, peer, all) = (file.Images(type), new PeerReverse(file), file.Schedule.NumberOfTrainingTimesteps);
        var likelihood = new Likelihood(peer.Diffusion, peer.Variance, file.Clipping, (xt, t, _) => file.Output(xt, t));
        var (bits, imageErrors, noiseErrors) = (new Tensor[all], new Tensor[all], new Tensor[all]);
        for (var column = 0; column < all; column++)
        {
            var (t, noise) = (all - 1 - column, file.Tensor($"bpd.noise.{column}", type));
            int[] timesteps = [.. Enumerable.Repeat(t, (int)x0.shape[0])];
            var xt = peer.Diffusion.AddNoise(x0, noise, timesteps);
            (bits[column], var predicted) = peer.IsOwn ? likelihood.Term(x0, noise, timesteps, []) : Unusual();
            imageErrors[column] = (predicted - x0).pow(2).flatten(1).mean([1]);
            noiseErrors[column] =
                (peer.Diffusion.ToNoise(xt, predicted, PredictionType.Sample, timesteps) - noise).pow(2).flatten(1).mean([1]);

            (Tensor, Tensor) Unusual()
            {
                var output = file.Output(xt, timesteps);
                return (
                    peer.Bits(x0, xt, output, timesteps, file.Clipping),
                    peer.Step(xt, output, timesteps, file.Clipping).OriginalSample);
            }
        }

        double[][] rising = [.. bits.Reverse().Select(term => term.ToDoubles())];
        var bound =
            new LikelihoodMetrics(
                new LikelihoodTerms(
                    all,
                    [.. Enumerable.Range(0, all)],
                    new VariationalBound(peer.Diffusion).Prior(x0).ToDoubles(),
                    rising[0],
                    rising[1..]));
        return
        [
            ("bpd.vb", stack(bits, 1)), ("bpd.xstart_mse", stack(imageErrors, 1)), ("bpd.mse", stack(noiseErrors, 1)),
            ("bpd.total_bpd", tensor(bound.PerImage.ToArray(), [bound.PerImage.Count])),
        ];
    }

    // The hybrid loss of a network that returns the same whatever its input, and the gradient of the mean with respect to that.
    private static List<(string Name, Tensor Value)> Gradients(LossFile file, ScalarType type)
    {
        var (x0, noise, t) = (file.Images(type), file.Tensor("noise", type), file.Timesteps);
        var (diffusion, all) = (new GaussianDiffusion(file.Schedule), (double)file.Schedule.NumberOfTrainingTimesteps);
        var results = new List<(string, Tensor)>();
        foreach (var (name, weight) in new[] { ("mse", 1 / all), ("rescaled_mse", 0.001) })
        {
            var output = file.Tensor("model_output", type).requires_grad_();
            var terms =
                new TrainingObjective(diffusion, TrainingLoss.Hybrid, DdpmVariance.Learned) { VariationalWeight = weight }.Terms(x0, noise, diffusion.AddNoise(x0, noise, t), output, t);
            terms.Loss.mean().backward();
            results.AddRange(
                [
                    ($"{name}.loss", terms.Loss),
                    ($"{name}.mse", terms.SquaredError!),
                    ($"{name}.vb", weight * all * terms.Variational!),
                    ($"{name}.grad_model_output", output.grad!),
                ]);
        }

        return results;
    }

    // Ermongroup sums over pixels where L_simple takes their mean.
    private static IEnumerable<(string Name, Tensor Value)> Simple(LossFile file, ScalarType type)
    {
        var (x0, noise, t) = (file.Images(type), file.Tensor("noise", type), file.Timesteps);
        var diffusion = new GaussianDiffusion(file.Schedule);
        var xt = diffusion.AddNoise(x0, noise, t);
        var loss =
            new TrainingObjective(diffusion, TrainingLoss.Simple, DdpmVariance.FixedSmall).Terms(x0, noise, xt, file.Output(xt, t), t).Loss * (x0.numel() / x0.shape[0]);
        return [("loss_per_sample", loss), ("loss", loss.mean())];
    }
}
