using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Evaluation;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class LikelihoodTests
{
    private static readonly GaussianDiffusion _diffusion = new(NoiseSchedule.Linear(50, 1e-3, 0.2));

    [TestMethod]
    public void LogLikelihood_MassesOfAllLevels_AddUpToOne()
    {
        using var scope = NewDisposeScope();
        var levels = arange(256, ScalarType.Float64) / 127.5 - 1;

        foreach (var (mean, logVariance) in new[] { (0.0, -9.0), (0.3, 0.0), (-1.2, -4.0), (1, -7) })
        {
            var mass = DiscretizedGaussian.LogLikelihood(levels, full_like(levels, mean), full_like(levels, logVariance)).exp().sum();
            Assert.AreEqual(1, mass.ToDouble(), 1e-9); // the floor of 1e-12 adds at most 256 times that
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(20)]
    [DataRow(49)]
    public void Term_NetworkKnowsTheNoise_CostsNothingAtTheTruePosteriorsVariance(int timestep)
    {
        using var scope = NewDisposeScope();
        var (x0, noise) = (SamplerInput(1).clamp(-1, 1), SamplerInput(2));

        var (small, _) =
            new Likelihood(
                _diffusion,
                DdpmVariance.FixedSmall,
                Clipping.None,
                (_, _, _) => noise).Term(x0, noise, [timestep, timestep], []);
        var (large, _) =
            new Likelihood(
                _diffusion,
                DdpmVariance.FixedLarge,
                Clipping.None,
                (_, _, _) => noise).Term(x0, noise, [timestep, timestep], []);

        Assert.IsLessThan(1e-12, small.abs().max().ToDouble());
        Assert.IsGreaterThan(1e-8, large.min().ToDouble());
    }

    [TestMethod]
    [DataRow(-1.0, DdpmVariance.FixedSmall)]
    [DataRow(1.0, DdpmVariance.FixedLarge)]
    public void Step_LearnedVarianceAtItsEnds_EqualsTheFixedOnes(double end, DdpmVariance variance)
    {
        using var scope = NewDisposeScope();
        var (xt, output) = (SamplerInput(1), SamplerInput(2));
        int[] timesteps = [1, 49];

        var learned =
            new ReverseProcess(_diffusion, DdpmVariance.Learned, Clipping.None).Step(xt, cat([output, full_like(output, end)], 1), timesteps);
        var expected = new ReverseProcess(_diffusion, variance, Clipping.None).Step(xt, output, timesteps);

        Assert.IsLessThan(1e-14, (learned.LogVariance - expected.LogVariance).abs().max().ToDouble());
        Assert.IsTrue(learned.Mean.equal(expected.Mean).all().ToBoolean());
    }

    [TestMethod]
    [DataRow(PredictionType.Epsilon, DdpmVariance.FixedLarge)]
    [DataRow(PredictionType.Epsilon, DdpmVariance.Learned)]
    [DataRow(PredictionType.VPrediction, DdpmVariance.FixedLarge)]
    [DataRow(PredictionType.VPrediction, DdpmVariance.FixedSmall)]
    [DataRow(PredictionType.Sample, DdpmVariance.Learned)]
    public void Term_WhereAlphaBarIsTiny_KeepsItsDigitsInSingle(PredictionType prediction, DdpmVariance variance)
    {
        using var scope = NewDisposeScope();
        var diffusion = new GaussianDiffusion(NoiseSchedule.Cosine(16), prediction);
        var (x0, noise, error) = (SamplerInput(1).clamp(-1, 1), SamplerInput(2), SamplerInput(3));
        var isLearned = variance == DdpmVariance.Learned;

        // A network that is off by a little, and by much.
        foreach (var (timestep, scale) in from timestep in new[] { 1, 8, 14, 15 } from scale in new[] { 0.01, 0.3 } select (timestep, scale))
        {
            int[] timesteps = [timestep, timestep];
            double[] Bits(ScalarType type)
            {
                var (image, drawn) = (x0.to(type), noise.to(type));
                var output = diffusion.Target(x0, noise, timesteps) + (scale * error);
                output = (isLearned ? cat([output, error.clamp(-1, 1)], 1) : output).to(type);
                return new Likelihood(diffusion, variance, Clipping.None, (_, _, _) => output).Term(image, drawn, timesteps, []).Bits
                    .to(ScalarType.Float64)
                    .data<double>()
                    .ToArray();
            }

            Golden.GoldenAssert.AreClose(
                Bits(ScalarType.Float64),
                Bits(ScalarType.Float32),
                $"t = {timestep}, off by {scale}",
                relative: 1e-4);
        }
    }

    private static Tensor SamplerInput(ulong seed) => Samplers.SamplerInputs.Noise(2, seed);
}
