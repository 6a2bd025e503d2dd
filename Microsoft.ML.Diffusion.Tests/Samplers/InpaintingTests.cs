using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class InpaintingTests
{
    private const double Correlation = 0.8;
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear();

    /// <summary>Images of two pixels, jointly normal: what the second is, given the first, is known, and so is the perfect network.</summary>
    [TestMethod]
    public void Sample_TwoCorrelatedPixels_DrawsTheSecondGivenTheFirst()
    {
        const double Known = 1.5;

        var (meanOfOne, _) = Paint(Known, resamplings: 1);
        var (mean, deviation) = Paint(Known, resamplings: 10);

        // By the recursion of mean and variance through the steps: 0.74 after one, 1.14 and 0.61 after ten. 2000 draws add 0.013.
        Assert.IsLessThan(0.8, meanOfOne);
        Assert.AreEqual(Correlation * Known, mean, 0.1);
        Assert.AreEqual(Math.Sqrt(1 - (Correlation * Correlation)), deviation, 0.06);
    }

    [TestMethod]
    public void Sample_AnyNumberOfSteps_LeavesOnlyItsResultAlive()
    {
        using var original = SamplerInputs.Noise(2);
        using var painted = original.narrow(1, 0, 1) > 0;
        var noise = new PerSampleNoise(seed: 1, samples: [0, 1]);
        var run = new Inpainting(new DdpmSampler(4), SamplingStep.Reverse(TimestepSubset.Trailing(4), _schedule), resamplings: 3);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        using var images = run.Sample(SamplerInputs.Denoiser(PredictionType.Epsilon, Clipping.Static()), original, painted, noise, null, CancellationToken.None);

        Assert.AreEqual(before + 1, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.AreEqual(10, run.NumberOfSteps);
    }

    // Mean and standard deviation of the second pixel.
    private static (double Mean, double Deviation) Paint(double known, int resamplings)
    {
        using var scope = NewDisposeScope();
        using var noise = new BatchNoise();
        var original = full([2000, 1, 1, 2], known, ScalarType.Float64);
        var painted = tensor(new[] { false, true }).reshape(1, 1, 1, 2).expand(2000, 1, 1, 2);
        var sampler = new DdpmSampler(100, DdpmVariance.FixedLarge) { Clipping = Clipping.None };
        var run = new Inpainting(sampler, SamplingStep.Reverse(sampler.Timesteps, _schedule), resamplings);

        var second = run.Sample(PerfectDenoiser(), original, painted, noise, null, CancellationToken.None).narrow(3, 1, 1);

        return (second.mean().ToDouble(), second.std().ToDouble());
    }

    // E[x_0 | x_t] = sqrt(alpha-bar) Sigma (alpha-bar Sigma + (1 - alpha-bar) I)^-1 x_t, for Sigma of ones and the correlation.
    private static Denoiser PerfectDenoiser() => new(
        (x, timestep) =>
        {
            var alphaBar = _schedule.AlphaBar((int)timestep);
            var sum = Gain(1 + Correlation) * (x + x.flip(3)) / 2;
            var difference = Gain(1 - Correlation) * (x - x.flip(3)) / 2;
            return sum + difference;

            double Gain(double variance) => Math.Sqrt(alphaBar) * variance / ((alphaBar * variance) + 1 - alphaBar);
        },
        PredictionType.Sample,
        Clipping.None);

    private sealed class BatchNoise : NoiseSource, IDisposable
    {
        private readonly Generator _generator = new(5);

        public override Tensor Next(Tensor like) => empty(like.shape, like.dtype).normal_(generator: _generator);

        public void Dispose() => _generator.Dispose();
    }
}
