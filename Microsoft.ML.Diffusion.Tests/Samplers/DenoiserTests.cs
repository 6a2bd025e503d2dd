using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>A network that knows the truth gives the truth back, whatever it is asked to predict.</summary>
[TestClass]
public sealed class DenoiserTests
{
    private static readonly int[] _timesteps = [0, 1, 250, 500, 998, 999];

    public static IEnumerable<object[]> Cases =>
        from prediction in Enum.GetValues<PredictionType>()
        from timestep in _timesteps
        select new object[] { prediction, timestep };

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Denoise_TrueTarget_RecoversImageAndNoise(PredictionType prediction, int timestep)
    {
        using var scope = NewDisposeScope();
        var schedule = NoiseSchedule.Linear();
        var diffusion = new GaussianDiffusion(schedule, prediction);
        var (x0, noise) = (SamplerInputs.Noise(2, seed: 1).clamp(-1, 1), SamplerInputs.Noise(2, seed: 2));
        int[] timesteps = [timestep, timestep];
        var x = diffusion.AddNoise(x0, noise, timesteps);
        var target = diffusion.Target(x0, noise, timesteps);

        foreach (var clipping in new[] { Clipping.None, Clipping.Static(), Clipping.Static() with { KeepPredictedNoise = true } })
        {
            var denoised = new Denoiser((_, _) => target, prediction, clipping).Denoise(x, timestep, schedule.AlphaBar(timestep));

            // Dividing by sqrt(alpha-bar) or by sqrt(1 - alpha-bar), at the ends about 0.01, magnifies rounding.
            Assert.IsLessThan(1e-12, (denoised.OriginalSample - x0).abs().max().ToDouble());
            Assert.IsLessThan(1e-12, (denoised.Noise - noise).abs().max().ToDouble());
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Sample_TrueTargetWithoutNoise_ReachesTheImage(PredictionType prediction, int timestep)
    {
        using var scope = NewDisposeScope();
        var schedule = NoiseSchedule.Linear();
        var (x0, noise) = (SamplerInputs.Noise(1, seed: 1).clamp(-1, 1), SamplerInputs.Noise(1, seed: 2));
        var diffusion = new GaussianDiffusion(schedule, prediction);
        var denoiser = new Denoiser((_, t) => diffusion.Target(x0, noise, [(int)t]), prediction, Clipping.None);
        var start = diffusion.AddNoise(x0, noise, [timestep]);
        var subset = timestep == 0 ? TimestepSubset.Of(0) : TimestepSubset.Of(0, timestep);

        var unused = new PerSampleNoise(seed: 0, samples: [0]);

        var image = new DdimSampler(eta: 0).Sample(denoiser, start, SamplingStep.Reverse(subset, schedule), unused);

        Assert.IsLessThan(1e-12, (image - x0).abs().max().ToDouble());
    }
}
