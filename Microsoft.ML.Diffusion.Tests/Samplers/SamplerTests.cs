using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Fixtures;

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
    public void Sample_AnySampler_LeavesItsStartAndWhatObserversSawAsTheyWere(Sampler sampler, PredictionType prediction)
    {
        var start = SamplerInputs.Normal(2);
        var (before, seen) = (start.Values.ToArray(), new List<(Batch Batch, double[] Values)>());

        sampler.Sample(
            SamplerInputs.Denoiser(prediction, sampler.Clipping),
            start,
            Steps(sampler),
            new PerSampleNoise(seed: 1, samples: [0, 1]),
            (_, x, x0) => seen.AddRange((x, x.Values.ToArray()), (x0, x0.Values.ToArray())));

        CollectionAssert.AreEqual(before, start.Values);
        Assert.HasCount(2 * sampler.Timesteps.NumberOfInferenceSteps, seen);
        seen.ForEach(then => CollectionAssert.AreEqual(then.Values, then.Batch.Values));
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void AlphaBars_AreTheLevelsOfTheRun(Sampler sampler, PredictionType prediction)
    {
        var levels = sampler.AlphaBars(_schedule);

        var steps = SamplingStep.Reverse(sampler.Timesteps, _schedule);
        Assert.HasCount(sampler.Timesteps.NumberOfInferenceSteps + 1, levels, $"{prediction}");
        Assert.AreEqual(1, levels[^1]);
        for (var i = 0; i < steps.Count; i++)
        {
            Assert.AreEqual((steps[i].AlphaBar, steps[i].AlphaBarPrevious), (levels[i], levels[i + 1]));
        }
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Sample_CancelledAfterTwoSteps_EndsThere(Sampler sampler, PredictionType prediction)
    {
        var noise = new PerSampleNoise(seed: 1, samples: [0]);
        var start = SamplerInputs.Normal(1);
        using var cancellation = new CancellationTokenSource();
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
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Sample_OneSample_IsTheSameInAnyBatch(Sampler sampler, PredictionType prediction)
    {
        var starts = SamplerInputs.Normal(3);

        var together = Run(starts, [5, 6, 7]);
        var alone = Run(starts.Select([2]), [7]);
        var reversed = Run(starts.Select([2, 1, 0]), [7, 6, 5]);

        CollectionAssert.AreEqual(alone.Values, together[2].ToArray());
        CollectionAssert.AreEqual(together.Values, reversed.Select([2, 1, 0]).Values);

        Batch Run(Batch start, long[] samples)
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
        var start = SamplerInputs.Normal(2);

        Assert.IsLessThan(1e-10, Run(first).DistanceTo(Run(second))); // the same formula in another order, in double

        Batch Run(Sampler sampler)
        {
            var noise = new PerSampleNoise(seed: 9, samples: [0, 1]);
            return sampler.Sample(SamplerInputs.Denoiser(PredictionType.Epsilon, sampler.Clipping), start, Steps(sampler), noise);
        }
    }

    private static IReadOnlyList<SamplingStep> Steps(Sampler sampler) => SamplingStep.Reverse(sampler.Timesteps, _schedule);
}
