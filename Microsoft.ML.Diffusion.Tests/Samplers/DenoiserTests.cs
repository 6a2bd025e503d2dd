using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

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
        var schedule = NoiseSchedule.Linear();
        var diffusion = new GaussianDiffusion(schedule, prediction);
        var (x0, noise) = (SamplerInputs.Normal(2, seed: 1).Clamped(), SamplerInputs.Normal(2, seed: 2));
        var x = new Batch(diffusion.AddNoise<double>(x0.Values, noise.Values, timestep), 2);
        var target = new Batch(diffusion.Target<double>(x0.Values, noise.Values, timestep), 2);

        foreach (var clipping in new[] { Clipping.None, Clipping.Static(), Clipping.Static() with { KeepPredictedNoise = true } })
        {
            var denoised = new Denoiser((_, _) => target, prediction, clipping).Denoise(x, timestep, schedule.AlphaBar(timestep));

            // Dividing by sqrt(alpha-bar) or by sqrt(1 - alpha-bar), at the ends about 0.01, magnifies rounding.
            Assert.IsLessThan(1e-12, denoised.OriginalSample.DistanceTo(x0));
            Assert.IsLessThan(1e-12, denoised.Noise.DistanceTo(noise));
        }
    }

    [TestMethod]
    [DynamicData(nameof(Cases))]
    public void Sample_TrueTargetWithoutNoise_ReachesTheImage(PredictionType prediction, int timestep)
    {
        var schedule = NoiseSchedule.Linear();
        var (x0, noise) = (SamplerInputs.Normal(1, seed: 1).Clamped(), SamplerInputs.Normal(1, seed: 2));
        var diffusion = new GaussianDiffusion(schedule, prediction);
        var denoiser = new Denoiser((_, t) => new Batch(diffusion.Target<double>(x0.Values, noise.Values, (int)t), 1), prediction, Clipping.None);
        var start = new Batch(diffusion.AddNoise<double>(x0.Values, noise.Values, timestep), 1);
        var subset = timestep == 0 ? TimestepSubset.Of(0) : TimestepSubset.Of(0, timestep);

        var unused = new PerSampleNoise(seed: 0, samples: [0]);

        var image = new DdimSampler(eta: 0).Sample(denoiser, start, SamplingStep.Reverse(subset, schedule), unused);

        Assert.IsLessThan(1e-12, image.DistanceTo(x0));
    }
}
