using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Runs of crowsonkb/k-diffusion: Karras levels down to 0, x in units of the signal, a model that gives x_0 and is told sigma.</summary>
internal static class KDiffusionRuns
{
    public static PeerRun Translate(GoldenRun run)
    {
        var config = run.Config;
        var sigmas =
            KarrasSpacing.Sigmas(
                config.Int("n"),
                config.Number("sigma_min", double.NaN),
                config.Number("sigma_max", double.NaN),
                config.Number("rho", 7));
        var function = run.Source[(run.Source.IndexOf(':', StringComparison.Ordinal) + 1)..];
        Func<SamplingStep, bool> always = _ => true;
        var (samplers, draws) = function switch
        {
            "sample_euler" => ((Sampler[])[new EulerSampler(), new DdimSampler(eta: 0)], always),
            "sample_heun" => ([new HeunSampler()], always),
            "sample_dpm_2" => ([new PeerDpm2()], always),
            "sample_euler_ancestral" =>
                ([new DdimSampler(eta: 1), new DdpmSampler()], step => step.AddsNoise), // the same step by another name
            "sample_dpmpp_2m" =>
                ([new DpmSolverSampler(), new PeerDpmSolver("dpmsolver++", Order: 2, "midpoint", LowerOrderFinal: false)], _ => false),
            _ => throw new NotSupportedException($"{run.File}: the function '{function}' is not known."),
        };

        var steps = PeerRun.StepsOf(
            run,
            sigmas,
            i => AlphaBar(sigmas[i]),
            i => i + 1 < sigmas.Length ? AlphaBar(sigmas[i + 1]) : 1,
            i => i + 1 < sigmas.Length);
        return new PeerRun(PredictionType.Sample, Clipping.None, sigmas, steps)
        {
            Samplers = samplers,
            Draws = draws,
            IsVarianceExploding = true,
        };
    }

    private static double AlphaBar(double sigma) => 1 / (1 + (sigma * sigma));
}
