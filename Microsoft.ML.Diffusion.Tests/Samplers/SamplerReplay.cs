using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
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
    /// <param name="run">The run.</param>
    /// <param name="isSingle">Whether the network sees and gives single precision, as those of the product do.</param>
    public static IEnumerable<Trajectory> Replays(GoldenRun run, bool isSingle) => Replays(run, PeerRun.Of(run), isSingle);

    /// <summary>Replays a run in other terms than those of <see cref="PeerRun.Of"/>.</summary>
    public static IEnumerable<Trajectory> Replays(GoldenRun run, PeerRun peer, bool isSingle)
    {
        return peer.Samplers.Count == 0 ? [Invert(run, peer, isSingle)] : peer.Samplers.Select(sampler => Sample(run, peer, sampler, isSingle));
    }

    private static Trajectory Sample(GoldenRun run, PeerRun peer, Sampler sampler, bool isSingle)
    {
        var noise = new RecordedNoise(run, peer);
        var (x, x0) = (new List<double[]>(), new List<double[]>());
        var startScale = peer.IsVarianceExploding ? Math.Sqrt(peer.Steps[0].AlphaBar) : 1;
        var start = new Batch(Scaled(run.X[0], startScale), (int)run.Shape[0]);

        sampler.Sample(DenoiserOf(run, peer, isSingle), start, peer.Steps, noise, (i, next, predictedX0) =>
        {
            var endScale = peer.IsVarianceExploding ? 1 / Math.Sqrt(peer.Steps[i].AlphaBarPrevious) : 1;
            x.Add(Scaled(WithFloor(next.Values, peer, peer.Steps[i], noise), endScale));
            x0.Add(predictedX0.Values);
            noise.Step = i + 1;
        });

        return new Trajectory(x, x0);
    }

    private static Trajectory Invert(GoldenRun run, PeerRun peer, bool isSingle)
    {
        var denoiser = DenoiserOf(run, peer, isSingle);
        var (x, x0) = (new List<double[]>(), new List<double[]>());
        var current = new Batch(run.X[0], (int)run.Shape[0]);
        foreach (var step in peer.Steps)
        {
            var denoised = denoiser.Denoise(current, step.Timestep, step.AlphaBar);
            current = DdimInversion.Step(current, denoised.Noise, step.AlphaBar, step.AlphaBarPrevious, peer.Clipping);
            x.Add(current.Values);
            x0.Add(denoised.OriginalSample.Values);
        }

        return new Trajectory(x, x0);
    }

    private static Denoiser DenoiserOf(GoldenRun run, PeerRun peer, bool isSingle)
    {
        return (peer.IsVarianceExploding, run.VarianceModel) switch
        {
            (true, _) =>
                new((x, sigma) => Call(run.Model, Batch.Sum((Math.Sqrt(1 + (sigma * sigma)), x)), "sigma", sigma), peer.Prediction, peer.Clipping),
            (_, null) => new((x, timestep) => Call(run.Model, x, "t", timestep), peer.Prediction, peer.Clipping),
            (_, { } variance) =>
                new(
                    (x, timestep) => Channels(Call(run.Model, x, "t", timestep), Call(variance, x, "t", timestep)),
                    peer.Prediction,
                    peer.Clipping,
                    ModelVariance.LearnedRange),
        };

        Batch Call(Expression model, Batch x, string variable, double value) => isSingle
            ? Rounded(Evaluate(model, Rounded(x), variable, value))
            : Evaluate(model, x, variable, value);
    }

    private static Batch Evaluate(Expression model, Batch x, string variable, double value)
    {
        using var scope = NewDisposeScope();
        return new Batch(model.Evaluate(tensor(x.Values), variable, value).ToDoubles(), x.Count);
    }

    private static Batch Rounded(Batch x) => Batch.Of(x.ToSingle(), x.Count);

    private static Batch Channels(Batch first, Batch second) => Batch.Create(first.Count, 2 * first.Length, (image, both) =>
    {
        first[image].CopyTo(both);
        second[image].CopyTo(both[first.Length..]);
    });

    private static double[] Scaled(double[] values, double factor) => Array.ConvertAll(values, value => value * factor);

    // A peer that never lets the variance fall to 0 adds a trace of noise even to the clean image: 1e-10 of it, as large as the tolerance.
    private static double[] WithFloor(double[] x, PeerRun peer, SamplingStep step, RecordedNoise noise) =>
        peer.VarianceFloor > 0 && step.AddsNoise && step.AlphaBarPrevious == 1
            ? [.. x.Zip(noise.Current, (value, drawn) => value + (Math.Sqrt(peer.VarianceFloor) * drawn))]
            : x;
}
