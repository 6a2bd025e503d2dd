using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Samplers;
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
        Assert.IsLessThan(1e-11, RoundTripError(denoiser, TimestepSubset.Uniform(20), InversionLevel.Upper));
    }

    [TestMethod]
    [DataRow(InversionLevel.Lower)]
    [DataRow(InversionLevel.Upper)]
    public void Encode_SmoothNetwork_IsUndoneTheBetterTheFinerTheSteps(InversionLevel asked)
    {
        var denoiser = SamplerInputs.Denoiser(PredictionType.VPrediction, Clipping.None);

        var errors = Array.ConvertAll([10, 100, 1000], steps => RoundTripError(denoiser, TimestepSubset.Uniform(steps), asked));

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

        using var latent =
            DdimInversion.Encode(
                SamplerInputs.Denoiser(PredictionType.VPrediction, Clipping.None),
                image,
                SamplingStep.Reverse(TimestepSubset.Trailing(7), _schedule),
                _schedule,
                InversionLevel.Lower,
                CancellationToken.None);

        Assert.AreEqual(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Encode_Cancelled_EndsAndLeavesNothing()
    {
        using var image = SamplerInputs.Noise(1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Assert.ThrowsExactly<OperationCanceledException>(() => DdimInversion.Encode(
            SamplerInputs.Denoiser(PredictionType.Epsilon, Clipping.None),
            image,
            SamplingStep.Reverse(TimestepSubset.Trailing(7), _schedule),
            _schedule,
            InversionLevel.Lower,
            new CancellationToken(canceled: true)));

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Encode_EachLevel_AsksTheNetworkThere()
    {
        int[] lower = [0, 0, 249, 499], upper = [0, 249, 499, 749];

        CollectionAssert.AreEqual(lower, Asked(InversionLevel.Lower));
        CollectionAssert.AreEqual(upper, Asked(InversionLevel.Upper));

        static int[] Asked(InversionLevel level)
        {
            using var scope = NewDisposeScope();
            var asked = new List<double>();
            var denoiser = new Denoiser((x, timestep) => { asked.Add(timestep); return x * 0.1; }, PredictionType.Epsilon, Clipping.None);

            DdimInversion.Encode(
                denoiser,
                SamplerInputs.Noise(1),
                SamplingStep.Reverse(TimestepSubset.Of(0, 249, 499, 749), _schedule),
                _schedule,
                level,
                CancellationToken.None);

            return [.. asked.Select(timestep => (int)timestep)];
        }
    }

    // One step from the clean image by hand: v at timestep 0 is read at that level's alpha-bar, a, and the step leads from alpha-bar 1 to that of t.
    [TestMethod]
    public void Encode_CleanImage_IsReadAtTheLowestLevel()
    {
        using var scope = NewDisposeScope();
        var (image, v) = (SamplerInputs.Noise(1), SamplerInputs.Noise(1, seed: 4));
        var (a, end) = (_schedule.AlphaBar(0), _schedule.AlphaBar(499));

        var latent =
            DdimInversion.Encode(
                new Denoiser((_, _) => v.alias(), PredictionType.VPrediction, Clipping.None),
                image,
                SamplingStep.Reverse(TimestepSubset.Of(499), _schedule),
                _schedule,
                InversionLevel.Lower,
                CancellationToken.None);

        var noise = (Math.Sqrt(a) * v) + (Math.Sqrt(1 - a) * image);
        Assert.IsLessThan(1e-12, (latent - ((Math.Sqrt(end) * image) + (Math.Sqrt(1 - end) * noise))).abs().max().ToDouble());
    }

    private static double RoundTripError(Denoiser denoiser, TimestepSubset subset, InversionLevel asked = InversionLevel.Lower)
    {
        using var scope = NewDisposeScope();
        var noise = new PerSampleNoise(seed: 0, samples: [0]);
        var image = SamplerInputs.Noise(1).clamp(-1, 1);

        var steps = SamplingStep.Reverse(subset, _schedule);
        var latent = DdimInversion.Encode(denoiser, image, steps, _schedule, asked, CancellationToken.None);
        var again = new DdimSampler().Sample(denoiser, latent, steps, noise);

        return (again - image).abs().max().ToDouble();
    }
}
