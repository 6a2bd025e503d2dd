using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>
/// The sums that diffusers' own scheduler tests expect of whole runs (tests/schedulers/test_scheduler_ddpm.py and _ddim.py): the only
/// numbers of a peer that are known by heart here.
/// </summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class DiffusersFullLoopTests
{
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear(1000, 1e-4, 0.02);

    [TestMethod]
    [DataRow(PredictionType.Epsilon, 258.9606, 0.3372)]
    [DataRow(PredictionType.VPrediction, 202.0296, 0.2631)]
    public void Sample_DdpmOverEveryTimestep_GivesThePeersSum(PredictionType prediction, double sum, double mean) =>
        Compare(new DdpmSampler(1000, DdpmVariance.FixedSmall), prediction, sum, mean);

    [TestMethod]
    public void Sample_DdimOverTenTimesteps_GivesThePeersSum() =>
        Compare(
            new DdimSampler(10) { Timesteps = TimestepSubset.Uniform(10), Clipping = Clipping.Static() with { KeepPredictedNoise = true } },
            PredictionType.Epsilon,
            172.0067,
            0.223967);

    private static void Compare(Sampler sampler, PredictionType prediction, double sum, double mean)
    {
        using var noise = new OneGenerator(seed: 0);
        const int Length = 3 * 8 * 8;
        var start = Batch.Create(4, Length, (image, values) =>
        {
            for (var i = 0; i < Length; i++)
            {
                values[i] = ((4.0 * i) + image) / (4 * Length); // the peer counts through all images at a place first
            }
        });
        var denoiser = new Denoiser((x, timestep) => Batch.Sum((timestep / (timestep + 1), x)), prediction, sampler.Clipping);

        var end = sampler.Sample(denoiser, start, SamplingStep.Reverse(sampler.Timesteps, _schedule), noise);

        Assert.AreEqual(sum, end.Values.Sum(Math.Abs), 1e-2); // the peer's own tolerances
        Assert.AreEqual(mean, end.Values.Average(Math.Abs), 1e-3);
    }

    /// <summary>The peer draws the noise of the whole batch from one generator.</summary>
    private sealed class OneGenerator(ulong seed) : NoiseSource, IDisposable
    {
        private readonly Generator _generator = new(seed);

        public override Batch Next(int count, int length)
        {
            using var noise = empty([count, length], ScalarType.Float32).normal_(generator: _generator);
            return Batch.Of(noise.data<float>().ToArray(), count);
        }

        public void Dispose() => _generator.Dispose();
    }
}
