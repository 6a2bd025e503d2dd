namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>Every kind of sampler, with so few steps that each draws another distribution than the data's.</summary>
internal static class ExactSamplerList
{
    public static IReadOnlyList<Sampler> All { get; } =
    [
        new DdpmSampler(20),
        new DdpmSampler(20, DdpmVariance.FixedLarge),
        new DdimSampler(20),
        new DdimSampler(20, eta: 0.5),
        new DdimSampler(20, eta: 1),
        new DdimSampler(20, eta: 1) { UseSigmaHat = true },
        new DpmSolverSampler(12),
        new DpmSolverSampler(12) { Timesteps = TimestepSubset.LogSnr(12) },
        new DpmSolverSampler(12, stochastic: true),
        new DpmSolverSampler(12, stochastic: true) { Timesteps = TimestepSubset.LogSnr(12) },
        new UniPcSampler(8) { Timesteps = TimestepSubset.Karras(8) },
        new UniPcSampler(8, order: 3) { Timesteps = TimestepSubset.Karras(8) },
        new EulerSampler(12),
        new HeunSampler(7),
        new HeunSampler(7) { Timesteps = TimestepSubset.LogSnr(7) },
    ];
}
