using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class DdimInversionTests
{
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear();

    [TestMethod]
    public void Encode_NetworkThatIgnoresX_IsUndoneBySampling()
    {
        var denoiser = new Denoiser((x, timestep) => full_like(x, Math.Sin(timestep / 100)), PredictionType.Epsilon, Clipping.None);

        // Nothing that the network says changes within a step: what remains is rounding, divided by sqrt(alpha-bar).
        Assert.IsLessThan(1e-11, RoundTripError(denoiser, TimestepSubset.Uniform(20)));
    }

    [TestMethod]
    public void Encode_SmoothNetwork_IsUndoneTheBetterTheFinerTheSteps()
    {
        var denoiser = SamplerInputs.Denoiser(PredictionType.Epsilon, Clipping.None);

        var errors = Array.ConvertAll([10, 100, 1000], steps => RoundTripError(denoiser, TimestepSubset.Uniform(steps)));

        // Of first order in the step: a tenth of the step, about a tenth of the error.
        Assert.IsLessThan(errors[0] / 4, errors[1]);
        Assert.IsLessThan(errors[1] / 4, errors[2]);
        Assert.IsLessThan(0.05, errors[2]);
    }

    [TestMethod]
    public void Encode_AnyNumberOfSteps_LeavesOnlyItsResultAlive()
    {
        using var image = SamplerInputs.Noise(1).clamp_(-1, 1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using var latent = DdimInversion.Encode(SamplerInputs.Denoiser(PredictionType.VPrediction, Clipping.None), image, SamplingStep.Reverse(TimestepSubset.Trailing(7), _schedule), CancellationToken.None);

        Assert.AreEqual(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Encode_Cancelled_EndsAndLeavesNothing()
    {
        using var image = SamplerInputs.Noise(1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Assert.ThrowsExactly<OperationCanceledException>(() => DdimInversion.Encode(
            SamplerInputs.Denoiser(PredictionType.Epsilon, Clipping.None), image, SamplingStep.Reverse(TimestepSubset.Trailing(7), _schedule), new CancellationToken(canceled: true)));

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static double RoundTripError(Denoiser denoiser, TimestepSubset subset)
    {
        using var scope = NewDisposeScope();
        var noise = new PerSampleNoise(seed: 0, samples: [0]);
        var image = SamplerInputs.Noise(1).clamp(-1, 1);

        var steps = SamplingStep.Reverse(subset, _schedule);
        var latent = DdimInversion.Encode(denoiser, image, steps, CancellationToken.None);
        var again = new DdimSampler().Sample(denoiser, latent, steps, noise);

        return (again - image).abs().max().ToDouble();
    }
}
