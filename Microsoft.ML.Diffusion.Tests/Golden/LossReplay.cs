using System.Numerics;
using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Computes with the product what a loss file holds, by the names of its tensors.</summary>
/// <typeparam name="T">What the images and the network's output are rounded to.</typeparam>
internal sealed class LossReplay<T>
    where T : struct, IFloatingPointIeee754<T>
{
    private readonly LossFile _file;
    private readonly Dictionary<string, List<double>> _results = [];
    private readonly double[][] _images;
    private readonly double[][] _noise;

    private LossReplay(LossFile file) =>
        (_file, _images, _noise) = (file, Cut(file, file.Images()), file.Has("noise") ? Cut(file, file["noise"]) : []);

    public static Dictionary<string, double[]> Run(LossFile file)
    {
        var replay = new LossReplay<T>(file);
        for (var image = 0; image < file.Timesteps.Length; image++)
        {
            replay.Add(image, file.Timesteps[image]);
        }

        if (file.Has("bpd.vb"))
        {
            replay.AddBound();
        }

        if (file.Has("loss"))
        {
            replay.Add("loss", replay._results["loss_per_sample"].Average());
        }

        return replay._results.ToDictionary(result => result.Key, result => result.Value.ToArray());
    }

    private void Add(int image, int t)
    {
        switch (_file)
        {
            case var _ when _file.Has("x_t"):
                AddForward(_images[image], _noise[image], t);
                break;
            case var _ when _file.Has("model_output"):
                AddGradients(image, t);
                break;
            case var _ when _file.Has("loss_per_sample"):
                AddSimple(_images[image], _noise[image], t);
                break;
            default:
                AddReverse(_images[image], _noise[image], t);
                AddObjectives(_images[image], _noise[image], t);
                break;
        }
    }

    // q(x_t | x_0), its posterior, and conversions.
    private void AddForward(double[] x0, double[] noise, int t)
    {
        var diffusion = new GaussianDiffusion(_file.Schedule, PredictionType.VPrediction);
        var xt = Noisy(diffusion, x0, noise, t);
        var (marginal, posterior) = (diffusion.Marginal(t), diffusion.Posterior(t));
        Add("x_t", xt);
        Add("x_t_diffusers_add_noise", xt);
        Add("q_mean", marginal.Mean<double>(x0, []));
        Add("q_variance", marginal.Variance);
        Add("q_log_variance", Math.Log(marginal.Variance));
        Add("post_mean", posterior.Mean<double>(x0, xt));
        Add("post_variance", posterior.Variance);
        Add("post_log_variance_clipped", _file.Schedule.PosteriorLogVarianceClipped[t]);
        Add("xstart_from_eps", Widened(diffusion.ToOriginalSample<T>(Rounded(xt), Rounded(noise), PredictionType.Epsilon, t)));
        Add("eps_from_xstart", Widened(diffusion.ToNoise<T>(Rounded(xt), Rounded(x0), PredictionType.Sample, t)));
        Add("v_target", Widened(diffusion.Target<T>(Rounded(x0), Rounded(noise), t)));
        Add("prior_bpd", VariationalBound.Prior(diffusion, x0));
    }

    // p(x_{t-1} | x_t), the terms of the bound, and the decoder at t = 0.
    private void AddReverse(double[] x0, double[] noise, int t)
    {
        var peer = new PeerReverse(_file);
        var xt = Noisy(peer.Diffusion, x0, noise, t);
        var output = Output(xt, t);
        var step = peer.Step(xt, output, t, _file.Clipping);
        var x1 = Noisy(peer.Diffusion, x0, noise, 0);
        var last = peer.Step(x1, Output(x1, 0), 0, _file.Clipping);
        var logVariance = peer.IsFixed ? step.LogVariance[..1] : step.LogVariance;
        Add("p_mean", step.Mean);
        Add("p_log_variance", logVariance);
        Add("p_xstart", step.Original);
        Add(
            "p_variance",
            _file.VarianceType == "fixed_small" ? [peer.Diffusion.Posterior(t).Variance] : Array.ConvertAll(logVariance, Math.Exp));
        Add("vb_terms_bpd", peer.Bits(x0, xt, output, t, _file.Clipping));
        Add("bpd.prior_bpd", VariationalBound.Prior(peer.Diffusion, x0));
        Add(
            "decoder_log_likelihood_t0",
            [.. x0.Select((x, i) => -DiscretizedGaussian.NegativeLogLikelihood(x, last.Mean[i], last.LogVariance[i]).Value)]);
    }

    // The peer's four losses: with T times the weight of L_vlb where they are called rescaled, and lambda 0.001 in the hybrid one.
    private void AddObjectives(double[] x0, double[] noise, int t)
    {
        var (peer, all) = (new PeerReverse(_file), (double)_file.Schedule.NumberOfTrainingTimesteps);
        var xt = Noisy(peer.Diffusion, x0, noise, t);
        var output = Output(xt, t);
        var isFixed = _file.VarianceType.StartsWith("fixed", StringComparison.Ordinal);
        foreach (var (name, loss, weight) in new[] { ("mse", TrainingLoss.Hybrid, 1 / all), ("rescaled_mse", TrainingLoss.Hybrid, 0.001), ("kl", TrainingLoss.Variational, 0), ("rescaled_kl", TrainingLoss.Variational, 0) })
        {
            var kind = isFixed && loss == TrainingLoss.Hybrid ? TrainingLoss.Simple : loss;
            var terms = peer.IsOwn
                ? Terms(new(peer.Diffusion, kind, peer.Variance) { VariationalWeight = weight }, x0, noise, xt, output, t)
                : Unusual(kind);
            Add($"training.{name}.loss", name == "kl" ? terms.Loss / all : terms.Loss);
            if (loss == TrainingLoss.Hybrid)
            {
                Add($"training.{name}.mse", terms.SquaredError!.Value);
                if (!isFixed)
                {
                    Add($"training.{name}.vb", weight * all * terms.Variational!.Value);
                }
            }

            LossTerms Unusual(TrainingLoss kind)
            {
                var (squaredError, bits) =
                    (peer.SquaredError(x0, noise, xt, output, t), peer.Bits(x0, xt, output, t, Clipping.None));
                return new LossTerms(
                    kind == TrainingLoss.Variational ? all * bits : kind == TrainingLoss.Simple ? squaredError : squaredError + (weight * all * bits),
                    squaredError,
                    bits);
            }
        }
    }

    // The bound over all timesteps, columns from T-1 down to 0.
    private void AddBound()
    {
        var (peer, all, count) = (new PeerReverse(_file), _file.Schedule.NumberOfTrainingTimesteps, _images.Length);
        var x0 = new Batch([.. _images.SelectMany(image => image)], count);
        var likelihood = new Likelihood(peer.Diffusion, peer.Variance, _file.Clipping, Call);
        var (bits, imageErrors, noiseErrors) = (new double[all][], new double[all][], new double[all][]);
        for (var column = 0; column < all; column++)
        {
            var (t, noise) = (all - 1 - column, Rounded(new Batch(_file[$"bpd.noise.{column}"], count)));
            int[] timesteps = [.. Enumerable.Repeat(t, count)];
            var xt = peer.Diffusion.AddNoise(x0, noise, timesteps);
            var (own, predicted) = likelihood.Term(x0, noise, timesteps, []);
            double[][] originals = [.. Enumerable.Range(0, count).Select(
                i => peer.IsOwn ? predicted[i].ToArray() : Unusual(i, (x, output) => peer.Step(x, output, t, _file.Clipping).Original))];
            bits[column] =
                peer.IsOwn ? own : [.. Enumerable.Range(0, count).Select(i => Unusual(i, (x, output) => peer.Bits(_images[i], x, output, t, _file.Clipping)))];
            imageErrors[column] = [.. originals.Select((original, i) => MeanSquare(original, _images[i]))];
            noiseErrors[column] = [.. originals.Select(
                (original, i) => MeanSquare(peer.Diffusion.ToNoise<double>(xt[i], original, PredictionType.Sample, t), noise[i].ToArray()))];

            TResult Unusual<TResult>(int image, Func<double[], double[], TResult> compute)
            {
                var x = xt[image].ToArray();
                return compute(x, Output(x, t));
            }
        }

        double[][] rising = [.. bits.Reverse()];
        var bound = new LikelihoodMetrics(
            new LikelihoodTerms(all, [.. Enumerable.Range(0, all)], likelihood.Prior(x0), rising[0], rising[1..]));
        foreach (var (name, values) in new[] { ("bpd.vb", bits), ("bpd.xstart_mse", imageErrors), ("bpd.mse", noiseErrors) })
        {
            Add(name, [.. Enumerable.Range(0, count).SelectMany(image => values.Select(column => column[image]))]);
        }

        Add("bpd.total_bpd", [.. bound.PerImage]);

        Batch Call(Batch xt, int[] timesteps, int[] images)
        {
            var outputs = timesteps.Select((t, i) => Output(xt[i].ToArray(), t));
            return new Batch([.. outputs.SelectMany(output => output)], xt.Count);
        }
    }

    // The hybrid loss of a network that returns the same whatever its input, and the gradient of the mean with respect to that.
    private void AddGradients(int image, int t)
    {
        var (diffusion, all) = (new GaussianDiffusion(_file.Schedule), (double)_file.Schedule.NumberOfTrainingTimesteps);
        var (x0, noise, output) = (_images[image], _noise[image], Cut(_file, _file["model_output"])[image]);
        foreach (var (name, weight) in new[] { ("mse", 1 / all), ("rescaled_mse", 0.001) })
        {
            var objective = new TrainingObjective(diffusion, TrainingLoss.Hybrid, DdpmVariance.Learned) { VariationalWeight = weight };
            var gradient = new T[output.Length];
            var terms = Terms(objective, x0, noise, Noisy(diffusion, x0, noise, t), output, t, gradient);
            Add($"{name}.loss", terms.Loss);
            Add($"{name}.mse", terms.SquaredError!.Value);
            Add($"{name}.vb", weight * all * terms.Variational!.Value);
            Add($"{name}.grad_model_output", Widened(gradient));
        }
    }

    // Ermongroup sums over pixels where L_simple takes their mean.
    private void AddSimple(double[] x0, double[] noise, int t)
    {
        var diffusion = new GaussianDiffusion(_file.Schedule);
        var xt = Noisy(diffusion, x0, noise, t);
        var objective = new TrainingObjective(diffusion, TrainingLoss.Simple, DdpmVariance.FixedSmall);
        Add("loss_per_sample", Terms(objective, x0, noise, xt, Output(xt, t), t).Loss * x0.Length);
    }

    private LossTerms Terms(
        TrainingObjective objective,
        double[] x0,
        double[] noise,
        double[] xt,
        double[] output,
        int t,
        T[]? gradient = null) =>
        objective.Terms(new NoisyImage<T>(Rounded(x0), Rounded(noise), Rounded(xt), t), Rounded(output), gradient, 1.0 / _images.Length);

    private double[] Output(double[] xt, int t) => Widened(Rounded(_file.Output(xt, t)));

    private static double[] Noisy(GaussianDiffusion diffusion, double[] x0, double[] noise, int t) =>
        Widened(diffusion.AddNoise<T>(Rounded(x0), Rounded(noise), t));

    private static T[] Rounded(double[] values) => Array.ConvertAll(values, T.CreateTruncating);

    private static Batch Rounded(Batch batch) => new(Widened(Rounded(batch.Values)), batch.Count);

    private static double[] Widened(T[] values) => Array.ConvertAll(values, double.CreateTruncating);

    private static double[][] Cut(LossFile file, double[] values) =>
        [.. Widened(Rounded(values)).Chunk(values.Length / file.Timesteps.Length)];

    private static double MeanSquare(double[] first, double[] second) => first.Select((value, i) => (value - second[i]) * (value - second[i])).Average();

    private void Add(string name, params double[] values)
    {
        if (!_results.TryGetValue(name, out var result))
        {
            _results.Add(name, result = []);
        }

        result.AddRange(values);
    }
}
