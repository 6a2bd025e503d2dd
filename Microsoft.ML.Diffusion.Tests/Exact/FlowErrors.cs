using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>How far runs of deterministic samplers end from the exact flow that begins where they do.</summary>
internal sealed class FlowErrors
{
    private const int Points = 500;
    private readonly NoiseSchedule _schedule;

    // Of points that the flow takes close to the border of two modes, few steps lead some into the other mode: orders are told where none lies there.
    private readonly BatchNoise _noise = new(seed: 7);
    private readonly Batch _start;
    private readonly Batch _data;
    private readonly Batch _generated;
    private readonly Batch _encoded;

    /// <param name="schedule">The schedule of all runs; null is cosine.</param>
    public FlowErrors(NoiseSchedule? schedule = null)
    {
        (_schedule, var mixture) = (schedule ?? NoiseSchedule.Cosine(), GaussianMixture.Three);
        _start = _noise.Next(Points, 2);
        _data = mixture.Draw(Points, _noise);
        _generated = ExactFlow.Follow(mixture, _start, LevelSpacing.DefaultSigmaMax, new LevelTable(_schedule).Lowest);
        _encoded = ExactFlow.Follow(mixture, _data, 1e-5, LevelSpacing.DefaultSigmaMax, 800); // below, the flow stands still
    }

    /// <summary>The numbers of steps that orders are told from.</summary>
    public static IReadOnlyList<int> Steps { get; } = [10, 20, 40, 80, 160];

    /// <summary>The error at the smallest sigma, before the last jump to a clean image, over levels even in log-SNR.</summary>
    public double Generating(Sampler sampler, int steps)
    {
        var run = SamplingStep.Reverse(TimestepSubset.LogSnr(steps), _schedule);
        var error = double.NaN;
        sampler.Sample(
            ExactRun.Denoiser(GaussianMixture.Three, _schedule),
            _start,
            run,
            _noise,
            (i, x, _) => error = i == steps - 2 ? ExactRun.RootMeanSquare(x, _generated) : error);
        return error;
    }

    /// <summary>The error of finished points: the flow stands still below the smallest sigma.</summary>
    public double Finishing(Sampler sampler, TimestepSubset timesteps) => ExactRun.RootMeanSquare(
        sampler.Sample(ExactRun.Denoiser(GaussianMixture.Three, _schedule), _start, SamplingStep.Reverse(timesteps, _schedule), _noise),
        _generated);

    /// <summary>The error of the latents of data.</summary>
    public double Encoding(InversionLevel asked, TimestepSubset timesteps)
    {
        return ExactRun.RootMeanSquare(
            Encode(asked, SamplingStep.Reverse(timesteps, _schedule)),
            _encoded); // above sigma 80 x moves by 1/80
    }

    /// <summary>How far data end from themselves, encoded and decoded by DDIM over <paramref name="timesteps"/>.</summary>
    public double RoundTrip(InversionLevel asked, TimestepSubset timesteps)
    {
        var run = SamplingStep.Reverse(timesteps, _schedule);
        return ExactRun.RootMeanSquare(
            new DdimSampler().Sample(ExactRun.Denoiser(GaussianMixture.Three, _schedule), Encode(asked, run), run, _noise),
            _data);
    }

    private Batch Encode(InversionLevel asked, IReadOnlyList<SamplingStep> run) =>
        DdimInversion.Encode(ExactRun.Denoiser(GaussianMixture.Three, _schedule), _data, run, _schedule, asked, CancellationToken.None);
}
