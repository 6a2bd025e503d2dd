using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Tests.Exact;
using Microsoft.ML.Diffusion.Tests.Fixtures;

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
    public void Sample_KeptPart_IsTheOriginalToTheBit()
    {
        var (original, bits) = (SamplerInputs.Normal(2), Batches.Normal(2, 18, seed: 3));
        bool[][] painted = [.. Enumerable.Range(0, 2).Select(image => Array.ConvertAll(bits[image].ToArray(), value => value > 0))];
        var noise = new PerSampleNoise(seed: 1, samples: [0, 1]);
        var run = new Inpainting(new DdpmSampler(4), SamplingStep.Reverse(TimestepSubset.Trailing(4), _schedule), resamplings: 3);

        var images =
            run.Sample(
                SamplerInputs.Denoiser(PredictionType.Epsilon, Clipping.Static()),
                original,
                painted,
                noise,
                null,
                CancellationToken.None);

        for (var i = 0; i < images.Values.Length; i++)
        {
            Assert.AreEqual(!painted[i / 18][i % 18], images.Values[i] == original.Values[i], $"{i}");
        }

        Assert.AreEqual(10, run.NumberOfSteps);
    }

    [TestMethod]
    [DataRow(4, 1, 1, "0123")]
    [DataRow(4, 3, 1, "0001112223")]
    [DataRow(5, 2, 2, "010123234")]
    [DataRow(6, 2, 2, "0121234345")]
    [DataRow(6, 3, 4, "01234123412345")]
    [DataRow(1, 5, 1, "0")]
    [DataRow(3, 1, 10, "012")]
    public void Walk_JumpsBackBeforeTheLastStep(int steps, int resamplings, int jumpLength, string expected) =>
        Assert.AreEqual(expected, string.Concat(Inpainting.Walk(steps, resamplings, jumpLength)));

    [TestMethod]
    public void Sample_Jump_AddsTheNoiseOfItsWholeLength()
    {
        var noise = new BatchNoise(5);
        var (levels, steps) = (new List<double>(), SamplingStep.Reverse(TimestepSubset.Trailing(6), _schedule));

        // A network that says 0 and no step's noise: x is scaled by known numbers, and by a jump it is standard normal noise at that level again.
        var run = new Inpainting(new DdimSampler { Clipping = Clipping.None }, steps, resamplings: 2, jumpLength: 3);
        run.Sample(
            new Denoiser((x, timestep) => { levels.Add(x.Deviation()); return new Batch(x.Count, x.Length); }, PredictionType.Sample, Clipping.None),
            new Batch(1, 20_000),
            Everywhere(20_000),
            noise,
            null,
            CancellationToken.None);

        var walk = Inpainting.Walk(6, 2, 3).ToArray();
        Assert.HasCount(walk.Length, levels);
        for (var i = 0; i < walk.Length; i++)
        {
            Assert.AreEqual(Math.Sqrt(1 - steps[walk[i]].AlphaBar), levels[i], 0.02, $"{i}"); // four standard errors of 20,000 draws
        }
    }

    [TestMethod]
    public void Sample_Memory_IsKeptAlongTheWayAndForgottenByAJump()
    {
        var noise = new BatchNoise(5);
        var sampler = new Remembering();
        var run = new Inpainting(sampler, SamplingStep.Reverse(TimestepSubset.Trailing(5), _schedule), resamplings: 2, jumpLength: 2);

        run.Sample(
            SamplerInputs.Denoiser(PredictionType.Epsilon, Clipping.None),
            SamplerInputs.Normal(1),
            Everywhere(18),
            noise,
            null,
            CancellationToken.None);

        // Steps 01 01 23 23 4: after a jump there is nothing to remember; from one part to the next there is.
        CollectionAssert.AreEqual(new[] { 0, 1, 0, 1, 2, 2, 0, 1, 2 }, sampler.Seen);
    }

    [TestMethod]
    public void Sample_Heun_CallsTheNetworkTwiceButOnceInTheLastStep()
    {
        var noise = new BatchNoise(5);
        var calls = 0;
        var run = new Inpainting(new HeunSampler(4), SamplingStep.Reverse(TimestepSubset.Karras(4), _schedule), resamplings: 1);

        run.Sample(
            new Denoiser((x, _) => { calls++; return Batch.Sum((0.1, x)); }, PredictionType.Epsilon, Clipping.None),
            SamplerInputs.Normal(1),
            Everywhere(18),
            noise,
            null,
            CancellationToken.None);

        Assert.AreEqual(7, calls);
    }

    // Mean and standard deviation of the second pixel.
    private static (double Mean, double Deviation) Paint(double known, int resamplings)
    {
        var noise = new BatchNoise(5);
        var original = Batches.Filled(2000, 2, known);
        bool[][] painted = [.. Enumerable.Repeat<bool[]>([false, true], 2000)];
        var sampler = new DdpmSampler(100, DdpmVariance.FixedLarge) { Clipping = Clipping.None };
        var run = new Inpainting(sampler, SamplingStep.Reverse(sampler.Timesteps, _schedule), resamplings);

        var images = run.Sample(PerfectDenoiser(), original, painted, noise, null, CancellationToken.None);

        var second = new Batch(ExactRun.Axis(images, 1), 2000);
        return (second.Mean(), second.Deviation());
    }

    // E[x_0 | x_t] = sqrt(alpha-bar) Sigma (alpha-bar Sigma + (1 - alpha-bar) I)^-1 x_t, for Sigma of ones and the correlation.
    private static Denoiser PerfectDenoiser() => new(
        (x, timestep) =>
        {
            var alphaBar = _schedule.AlphaBar((int)timestep);
            return Batch.Create(x.Count, 2, (image, expected) =>
            {
                var sum = Gain(1 + Correlation) * (x[image][0] + x[image][1]) / 2;
                var difference = Gain(1 - Correlation) * (x[image][0] - x[image][1]) / 2;
                (expected[0], expected[1]) = (sum + difference, sum - difference);
            });

            double Gain(double variance) => Math.Sqrt(alphaBar) * variance / ((alphaBar * variance) + 1 - alphaBar);
        },
        PredictionType.Sample,
        Clipping.None);

    // Notes how many earlier predictions it finds, and asks for two to be kept.
    private sealed record Remembering() : Sampler(TimestepSubset.Trailing(1))
    {
        public List<int> Seen { get; } = [];

        public override bool IsStochastic => false;

        protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
        {
            Seen.Add(context.Earlier.Count);
            context.Remember(context.PredictedOriginal, 2);
            return x;
        }
    }

    private static bool[][] Everywhere(int length) => [[.. Enumerable.Repeat(true, length)]];
}
