using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class LikelihoodTests
{
    private const int Length = 18;

    private static readonly GaussianDiffusion _diffusion = new(NoiseSchedule.Linear(50, 1e-3, 0.2));

    [TestMethod]
    public void NegativeLogLikelihood_MassesOfAllLevels_AddUpToOne()
    {
        foreach (var (mean, logVariance) in new[] { (0.0, -9.0), (0.3, 0.0), (-1.2, -4.0), (1, -7) })
        {
            var mass = Enumerable.Range(0, 256)
                .Sum(level => Math.Exp(-DiscretizedGaussian.NegativeLogLikelihood((level / 127.5) - 1, mean, logVariance).Value));
            Assert.AreEqual(1, mass, 1e-9); // the floor of 1e-12 adds at most 256 times that
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(20)]
    [DataRow(49)]
    public void Term_NetworkKnowsTheNoise_CostsNothingAtTheTruePosteriorsVariance(int timestep)
    {
        var (x0, noise) = (Images(1), Numbers(2));
        double[] Bits(DdpmVariance variance) =>
            new Likelihood(_diffusion, variance, Clipping.None, (_, _, _) => noise).Term(x0, noise, [timestep, timestep], []).Bits;

        Assert.IsLessThan(1e-12, Bits(DdpmVariance.FixedSmall).Max(Math.Abs));
        Assert.IsGreaterThan(1e-8, Bits(DdpmVariance.FixedLarge).Min());
    }

    [TestMethod]
    [DataRow(-1.0, DdpmVariance.FixedSmall)]
    [DataRow(1.0, DdpmVariance.FixedLarge)]
    public void Step_LearnedVarianceAtItsEnds_EqualsTheFixedOnes(double end, DdpmVariance variance)
    {
        foreach (var timestep in new[] { 1, 49 })
        {
            var learned = new ReverseProcess(_diffusion, DdpmVariance.Learned).At(timestep);
            var expected = new ReverseProcess(_diffusion, variance).At(timestep);
            var fixedEnd = expected.Interpolation([0, 0], 1);

            Assert.AreEqual(end, learned.Interpolation([0, 0, 0, end], 1));
            Assert.AreEqual(expected.LogVariance(fixedEnd), learned.LogVariance(end), 1e-14);
            Assert.AreEqual(expected.LogVarianceRatio(fixedEnd), learned.LogVarianceRatio(end), 1e-14);
            Assert.AreEqual(expected.Mean(0.3, -0.2), learned.Mean(0.3, -0.2));
            Assert.AreEqual(expected.Original(0.3, -0.2), learned.Original(0.3, -0.2));
        }
    }

    // A network with a learned variance can be judged with a fixed one: by the half of its output that predicts.
    [TestMethod]
    public void Term_FixedVarianceOfALearnedOutput_TakesThePredictionsAlone()
    {
        var (x0, noise, prediction, interpolation) = (Images(1), Numbers(2), Numbers(3), Numbers(4));
        var both = new Batch([.. prediction[0], .. interpolation[0], .. prediction[1], .. interpolation[1]], 2);

        foreach (var timestep in new[] { 0, 20 })
        {
            double[] Bits(Batch output) => new Likelihood(_diffusion, DdpmVariance.FixedLarge, Clipping.Static(), (_, _, _) => output)
                .Term(x0, noise, [timestep, timestep], []).Bits;

            CollectionAssert.AreEqual(Bits(prediction), Bits(both));
        }
    }

    [TestMethod]
    [DataRow(PredictionType.Epsilon, DdpmVariance.FixedLarge)]
    [DataRow(PredictionType.Epsilon, DdpmVariance.Learned)]
    [DataRow(PredictionType.VPrediction, DdpmVariance.FixedLarge)]
    [DataRow(PredictionType.VPrediction, DdpmVariance.FixedSmall)]
    [DataRow(PredictionType.Sample, DdpmVariance.Learned)]
    public void Term_WhereAlphaBarIsTiny_SurvivesAnOutputInSingle(PredictionType prediction, DdpmVariance variance)
    {
        var diffusion = new GaussianDiffusion(NoiseSchedule.Cosine(16), prediction);
        var (x0, noise, error) = (Images(1), Numbers(2), Numbers(3));

        // A network that is off by a little, and by much.
        foreach (var (timestep, scale) in from timestep in new[] { 1, 8, 14, 15 } from scale in new[] { 0.01, 0.3 } select (timestep, scale))
        {
            double[] Output(int i)
            {
                var target = diffusion.Target<double>(x0[i], noise[i], timestep);
                var off = error[i].ToArray();
                var predicted = target.Select((value, j) => value + (scale * off[j]));
                return variance == DdpmVariance.Learned ? [.. predicted, .. off.Select(value => Math.Clamp(value, -1, 1))] : [.. predicted];
            }

            var output = new Batch([.. Output(0), .. Output(1)], 2);
            double[] Bits(Batch output, Batch image, Batch drawn) => new Likelihood(diffusion, variance, Clipping.None, (_, _, _) => output)
                .Term(image, drawn, [timestep, timestep], []).Bits;

            Golden.GoldenAssert.AreClose(
                Bits(output, x0, noise),
                Bits(Rounded(output), Rounded(x0), Rounded(noise)),
                $"t = {timestep}, off by {scale}",
                relative: 1e-4);
        }
    }

    private static Batch Numbers(long seed)
    {
        var numbers = new float[2 * Length];
        new RandomNumbers(RandomStream.LikelihoodNoise, seed).Normals(0, 0, numbers);
        return Batch.Of(numbers, 2);
    }

    private static Batch Images(long seed) => new(Array.ConvertAll(Numbers(seed).Values, value => Math.Clamp(value, -1, 1)), 2);

    private static Batch Rounded(Batch batch) => Batch.Of(batch.ToSingle(), batch.Count);
}
