using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Golden;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>What came out of each step of a run: x after it, and the x_0 predicted in it.</summary>
internal sealed record Trajectory(IReadOnlyList<double[]> X, IReadOnlyList<double[]> X0);

/// <summary>Walks the steps of a recorded run with the product's samplers on the recorded noise.</summary>
internal static class SamplerReplay
{
    /// <summary>Replays a run once for each sampler that has to give its numbers.</summary>
    public static IEnumerable<Trajectory> Replays(GoldenRun run, ScalarType type) => Replays(run, PeerRun.Of(run), type);

    /// <summary>Replays a run in other terms than those of <see cref="PeerRun.Of"/>.</summary>
    public static IEnumerable<Trajectory> Replays(GoldenRun run, PeerRun peer, ScalarType type)
    {
        return peer.Samplers.Count == 0 ? [Invert(run, peer, type)] : peer.Samplers.Select(sampler => Sample(run, peer, sampler, type));
    }

    private static Trajectory Sample(GoldenRun run, PeerRun peer, Sampler sampler, ScalarType type)
    {
        var noise = new RecordedNoise(run, peer);
        var (x, x0) = (new List<double[]>(), new List<double[]>());
        var startScale = peer.IsVarianceExploding ? Math.Sqrt(peer.Steps[0].AlphaBar) : 1;
        using var start = Scaled(run.X[0], startScale).ToTensor(run.Shape, type);

        using var final = sampler.Sample(DenoiserOf(run, peer), start, peer.Steps, noise, (i, next, predictedX0) =>
        {
            var endScale = peer.IsVarianceExploding ? 1 / Math.Sqrt(peer.Steps[i].AlphaBarPrevious) : 1;
            x.Add(Scaled(WithFloor(next.ToDoubles(), peer, peer.Steps[i], noise), endScale));
            x0.Add(predictedX0.ToDoubles());
            noise.Step = i + 1;
        });

        return new Trajectory(x, x0);
    }

    private static Trajectory Invert(GoldenRun run, PeerRun peer, ScalarType type)
    {
        using var scope = NewDisposeScope();
        var denoiser = DenoiserOf(run, peer);
        var (x, x0) = (new List<double[]>(), new List<double[]>());
        var current = run.X[0].ToTensor(run.Shape, type);
        foreach (var step in peer.Steps)
        {
            var denoised = denoiser.Denoise(current, step.Timestep, step.AlphaBar);
            current = DdimInversion.Step(current, denoised.Noise, step.AlphaBar, step.AlphaBarPrevious, peer.Clipping);
            x.Add(current.ToDoubles());
            x0.Add(denoised.OriginalSample.ToDoubles());
        }

        return new Trajectory(x, x0);
    }

    private static Denoiser DenoiserOf(GoldenRun run, PeerRun peer) => (peer.IsVarianceExploding, run.VarianceModel) switch
    {
        (true, _) =>
            new((x, sigma) => run.Model.Evaluate(x * Math.Sqrt(1 + (sigma * sigma)), "sigma", sigma), peer.Prediction, peer.Clipping),
        (_, null) => new((x, timestep) => run.Model.Evaluate(x, "t", timestep), peer.Prediction, peer.Clipping),
        (_, { } variance) =>
            new(
                (x, timestep) => cat([run.Model.Evaluate(x, "t", timestep), variance.Evaluate(x, "t", timestep)], 1),
                peer.Prediction,
                peer.Clipping,
                ModelVariance.LearnedRange),
    };

    private static double[] Scaled(double[] values, double factor) => Array.ConvertAll(values, value => value * factor);

    // A peer that never lets the variance fall to 0 adds a trace of noise even to the clean image: 1e-10 of it, as large as the tolerance.
    private static double[] WithFloor(double[] x, PeerRun peer, SamplingStep step, RecordedNoise noise) =>
        peer.VarianceFloor > 0 && step.AddsNoise && step.AlphaBarPrevious == 1
            ? [.. x.Zip(noise.Current, (value, drawn) => value + (Math.Sqrt(peer.VarianceFloor) * drawn))]
            : x;
}
