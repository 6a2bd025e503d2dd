using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class DdimInversionTests
{
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear();

    [TestMethod]
    public void Encode_NetworkThatIgnoresX_IsUndoneBySampling()
    {
        var denoiser = new Denoiser((x, timestep) => Batches.Filled(x.Count, x.Length, Math.Sin(timestep / 100)), PredictionType.Epsilon, Clipping.None);

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
    public void Encode_Cancelled_EndsBeforeTheFirstCall()
    {
        var calls = 0;

        Assert.ThrowsExactly<OperationCanceledException>(() => DdimInversion.Encode(
            new Denoiser((x, _) => { calls++; return x; }, PredictionType.Epsilon, Clipping.None),
            SamplerInputs.Normal(1),
            SamplingStep.Reverse(TimestepSubset.Trailing(7), _schedule),
            _schedule,
            InversionLevel.Lower,
            new CancellationToken(canceled: true)));

        Assert.AreEqual(0, calls);
    }

    [TestMethod]
    public void Encode_EachLevel_AsksTheNetworkThere()
    {
        int[] lower = [0, 0, 249, 499], upper = [0, 249, 499, 749];

        CollectionAssert.AreEqual(lower, Asked(InversionLevel.Lower));
        CollectionAssert.AreEqual(upper, Asked(InversionLevel.Upper));

        static int[] Asked(InversionLevel level)
        {
            var asked = new List<double>();
            var denoiser = new Denoiser((x, timestep) => { asked.Add(timestep); return Batch.Sum((0.1, x)); }, PredictionType.Epsilon, Clipping.None);

            DdimInversion.Encode(
                denoiser,
                SamplerInputs.Normal(1),
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
        var (image, v) = (SamplerInputs.Normal(1), SamplerInputs.Normal(1, seed: 4));
        var (a, end) = (_schedule.AlphaBar(0), _schedule.AlphaBar(499));

        var latent =
            DdimInversion.Encode(
                new Denoiser((_, _) => v, PredictionType.VPrediction, Clipping.None),
                image,
                SamplingStep.Reverse(TimestepSubset.Of(499), _schedule),
                _schedule,
                InversionLevel.Lower,
                CancellationToken.None);

        var noise = Batch.Sum((Math.Sqrt(a), v), (Math.Sqrt(1 - a), image));
        Assert.IsLessThan(1e-12, latent.DistanceTo(Batch.Sum((Math.Sqrt(end), image), (Math.Sqrt(1 - end), noise))));
    }

    private static double RoundTripError(Denoiser denoiser, TimestepSubset subset, InversionLevel asked = InversionLevel.Lower)
    {
        var noise = new PerSampleNoise(seed: 0, samples: [0]);
        var image = SamplerInputs.Normal(1).Clamped();

        var steps = SamplingStep.Reverse(subset, _schedule);
        var latent = DdimInversion.Encode(denoiser, image, steps, _schedule, asked, CancellationToken.None);
        var again = new DdimSampler().Sample(denoiser, latent, steps, noise);

        return again.DistanceTo(image);
    }
}
