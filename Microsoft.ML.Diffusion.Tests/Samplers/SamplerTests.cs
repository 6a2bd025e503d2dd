using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Samplers;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class SamplerTests
{
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear();

    public static IEnumerable<object[]> Samplers =>
    [
        [new DdpmSampler(4), PredictionType.Epsilon],
        [new DdpmSampler(4, DdpmVariance.FixedLarge) { Clipping = Clipping.Dynamic() }, PredictionType.VPrediction],
        [new DdimSampler(4), PredictionType.Sample],
        [new DdimSampler(4, eta: 1) { UseSigmaHat = true, Clipping = Clipping.None }, PredictionType.Epsilon],
        [new DpmSolverSampler(5), PredictionType.Epsilon],
        [new DpmSolverSampler(5, stochastic: true) { Timesteps = TimestepSubset.Karras(5) }, PredictionType.VPrediction],
        [new EulerSampler(4), PredictionType.Epsilon],
        [new HeunSampler(4) { Clipping = Clipping.Dynamic() }, PredictionType.VPrediction],
    ];

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Sample_AnySampler_LeavesOnlyItsResultAlive(Sampler sampler, PredictionType prediction)
    {
        var noise = new PerSampleNoise(seed: 1, samples: [0, 1]);
        using var start = SamplerInputs.Noise(2);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using var images = sampler.Sample(SamplerInputs.Denoiser(prediction, sampler.Clipping), start, Steps(sampler), noise);

        Assert.AreEqual(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    public void Sample_InsideAScope_ResultBelongsToIt()
    {
        var sampler = new DdimSampler(3);
        var noise = new PerSampleNoise(seed: 1, samples: [0]);
        using var start = SamplerInputs.Noise(1);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using (NewDisposeScope())
        {
            sampler.Sample(SamplerInputs.Denoiser(PredictionType.Epsilon, Clipping.None), start, Steps(sampler), noise);
        }

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.IsFalse(start.IsInvalid);
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Sample_CancelledAfterTwoSteps_EndsThereAndLeavesNothing(Sampler sampler, PredictionType prediction)
    {
        var noise = new PerSampleNoise(seed: 1, samples: [0]);
        using var start = SamplerInputs.Noise(1);
        using var cancellation = new CancellationTokenSource();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        var steps = 0;

        Assert.ThrowsExactly<OperationCanceledException>(() => sampler.Sample(
            SamplerInputs.Denoiser(prediction, sampler.Clipping),
            start,
            Steps(sampler),
            noise,
            (i, _, _) =>
            {
                steps++;
                if (i == 1)
                {
                    cancellation.Cancel();
                }
            },
            cancellation.Token));

        Assert.AreEqual(2, steps);
        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Sample_OneSample_IsTheSameInAnyBatch(Sampler sampler, PredictionType prediction)
    {
        using var scope = NewDisposeScope();
        var starts = SamplerInputs.Noise(3);

        var together = Run(starts, [5, 6, 7]);
        var alone = Run(starts.narrow(0, 2, 1), [7]);
        var reversed = Run(starts.flip(0), [7, 6, 5]);

        Assert.IsTrue(together[2].equal(alone[0]).all().ToBoolean());
        Assert.IsTrue(together.equal(reversed.flip(0)).all().ToBoolean());

        Tensor Run(Tensor start, long[] samples)
        {
            var noise = new PerSampleNoise(seed: 3, samples);
            return sampler.Sample(SamplerInputs.Denoiser(prediction, sampler.Clipping), start, Steps(sampler), noise);
        }
    }

    [TestMethod]
    public void Sample_EtaOneWithoutSigmaHat_EqualsAncestralSamplingWithTheSmallVariance() =>
        CompareOnSameNoise(new DdimSampler(25, eta: 1), new DdpmSampler(25, DdpmVariance.FixedSmall));

    [TestMethod]
    public void Sample_SigmaHat_EqualsAncestralSamplingWithTheLargeVariance() =>
        CompareOnSameNoise(new DdimSampler(25, eta: 1) { UseSigmaHat = true }, new DdpmSampler(25, DdpmVariance.FixedLarge));

    [TestMethod]
    public void Sample_EtaOutsideItsRange_SaysWhy()
    {
        var exception = Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => new DdimSampler(eta: 1.5));

        Assert.AreEqual(
            "eta must be in [0, 1], because it scales the noise from none (DDIM) to that of DDPM. (Parameter 'eta')" + Environment.NewLine + "Actual value was 1.5.",
            exception.Message);
    }

    private static void CompareOnSameNoise(Sampler first, Sampler second)
    {
        using var scope = NewDisposeScope();
        var start = SamplerInputs.Noise(2);

        var difference = Run(first) - Run(second);

        Assert.IsLessThan(1e-10, difference.abs().max().ToDouble()); // the same formula in another order, in double

        Tensor Run(Sampler sampler)
        {
            var noise = new PerSampleNoise(seed: 9, samples: [0, 1]);
            return sampler.Sample(SamplerInputs.Denoiser(PredictionType.Epsilon, sampler.Clipping), start, Steps(sampler), noise);
        }
    }

    private static IReadOnlyList<SamplingStep> Steps(Sampler sampler) => SamplingStep.Reverse(sampler.Timesteps, _schedule);
}
