using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>The samplers that solve the probability-flow equation, on networks whose exact answer is known.</summary>
[TestClass]
public sealed class OdeSamplerTests
{
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear();

    public static IEnumerable<object[]> Deterministic =>
        from sampler in (Sampler[])[
            new DpmSolverSampler(6),
            new DpmSolverSampler(6) { Timesteps = TimestepSubset.Trailing(6) },
            new UniPcSampler(6),
            new UniPcSampler(6, order: 3) { Timesteps = TimestepSubset.Trailing(6) },
            new EulerSampler(6),
            new HeunSampler(6),
            new HeunSampler(6) { Timesteps = TimestepSubset.Quadratic(6) },
            new DdimSampler(6) { Timesteps = TimestepSubset.Karras(6, rho: 3) },
            new DpmSolverSampler(6) { Timesteps = TimestepSubset.LogSnr(6) }]
        from prediction in Enum.GetValues<PredictionType>()
        select new object[] { sampler, prediction };

    [TestMethod]
    [DynamicData(nameof(Deterministic))]
    public void Sample_TrueNoise_StaysOnItsPathToTheImage(Sampler sampler, PredictionType prediction)
    {
        var (image, noise) = (SamplerInputs.Normal(2, seed: 1).Clamped(), SamplerInputs.Normal(2, seed: 2));
        var steps = SamplingStep.Reverse(sampler.Timesteps, _schedule);
        var alphaBars = steps.ToDictionary(step => step.Timestep, step => step.AlphaBar);
        var denoiser = new Denoiser(
            (_, timestep) => prediction switch
            {
                PredictionType.Epsilon => noise,
                PredictionType.Sample => image,
                _ => Batch.Sum((Math.Sqrt(alphaBars[timestep]), noise), (-Math.Sqrt(1 - alphaBars[timestep]), image)),
            },
            prediction,
            Clipping.None);
        var unused = new PerSampleNoise(seed: 0, samples: [0, 1]);
        var worst = 0.0;

        var result = sampler.Sample(denoiser, Mix(steps[0].AlphaBar), steps, unused, (i, x, _) =>
            worst = Math.Max(worst, x.DistanceTo(Mix(steps[i].AlphaBarPrevious))));

        Assert.IsLessThan(1e-11, worst); // dividing by sqrt(alpha-bar), at first 0.006, magnifies rounding
        Assert.IsLessThan(1e-12, result.DistanceTo(image));

        Batch Mix(double alphaBar) => Batch.Sum((Math.Sqrt(alphaBar), image), (Math.Sqrt(1 - alphaBar), noise));
    }

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Sample_DpmSolverOfFirstOrder_EqualsDdim(bool stochastic)
    {
        var difference = MaximumDifference(
            new DpmSolverSampler(20, stochastic) { Order = 1, Timesteps = TimestepSubset.Trailing(20) },
            new DdimSampler(20, eta: stochastic ? 1 : 0));

        Assert.IsLessThan(1e-10, difference); // the same step in another order, in double
        Assert.IsGreaterThan(
            1e-3,
            MaximumDifference(
                new DpmSolverSampler(20, stochastic) { Timesteps = TimestepSubset.Trailing(20) },
                new DdimSampler(20, eta: stochastic ? 1 : 0)));
    }

    [TestMethod]
    public void Sample_Euler_EqualsDdimOverTheSameLevels() =>
        Assert.IsLessThan(1e-10, MaximumDifference(new EulerSampler(20), new DdimSampler(20) { Timesteps = TimestepSubset.Karras(20) }));

    [TestMethod]
    public void Sample_HeunWithOneStep_EqualsEuler() =>
        Assert.IsLessThan(1e-12, MaximumDifference(new HeunSampler(1), new EulerSampler(1)));

    // Data that are normal with standard deviation 0.5: the best denoiser is linear, and the equation has a closed solution.
    [TestMethod]
    [DataRow("euler", 1)]
    [DataRow("heun", 2)]
    [DataRow("2m", 2)]
    public void Sample_NormalData_ErrorFallsWithItsOrder(string method, int order)
    {
        Sampler sampler = method switch { "euler" => new EulerSampler(), "heun" => new HeunSampler(), _ => new DpmSolverSampler() };

        var errors = Array.ConvertAll([40, 80, 160], count => ErrorOnNormalData(sampler, count));

        // Halving the step divides the error by 2 to the order, up to terms of higher order.
        for (var i = 1; i < errors.Length; i++)
        {
            Assert.AreEqual(order, Math.Log2(errors[i - 1] / errors[i]), 0.35, $"{method}: {string.Join(", ", errors)}");
        }
    }

    [TestMethod]
    public void Sample_StochasticDpmSolverOnNormalData_KeepsTheirSpread()
    {
        var noise = new PerSampleNoise(seed: 4, samples: [0]);
        var steps = SamplingStep.Reverse(TimestepSubset.Karras(60), _schedule);
        var start = noise.Next(1, 10_000);

        var sample = new DpmSolverSampler(stochastic: true).Sample(NormalDenoiser(steps), start, steps, noise);

        Assert.AreEqual(0.5, sample.Deviation(), 0.015); // four standard errors of 10,000 draws
    }

    [TestMethod]
    public void Sample_Heun_CallsTheNetworkTwiceButOnceInTheLastStep()
    {
        var (calls, sampler) = (new List<double>(), new HeunSampler(4));
        var unused = new PerSampleNoise(seed: 0, samples: [0]);
        var start = SamplerInputs.Normal(1);
        var steps = SamplingStep.Reverse(sampler.Timesteps, _schedule);

        sampler.Sample(
                new Denoiser((x, timestep) => { calls.Add(timestep); return Batch.Sum((0.1, x)); }, PredictionType.Epsilon, Clipping.None),
                start,
                steps,
                unused);

        var told = steps.Select(step => step.Timestep).ToArray();
        CollectionAssert.AreEqual(new[] { told[0], told[1], told[1], told[2], told[2], told[3], told[3] }, calls);
    }

    [TestMethod]
    [DynamicData(nameof(ZeroTerminal))]
    public void Sample_StartWithoutSignal_StaysFinite(Sampler sampler)
    {
        var noise = new PerSampleNoise(seed: 0, samples: [0]);
        var steps = SamplingStep.Reverse(sampler.Timesteps, NoiseSchedule.Linear().WithZeroTerminalSnr());

        var result =
            sampler.Sample(SamplerInputs.Denoiser(PredictionType.VPrediction, sampler.Clipping), SamplerInputs.Normal(1), steps, noise);

        Assert.IsTrue(result.Values.All(double.IsFinite));
    }

    public static IEnumerable<object[]> ZeroTerminal =>
    [
        [new DpmSolverSampler(7)],
        [new DpmSolverSampler(7) { Timesteps = TimestepSubset.Trailing(7) }],
        [new DpmSolverSampler(7, stochastic: true)],
        [new DpmSolverSampler(7, stochastic: true) { Timesteps = TimestepSubset.Trailing(7) }],
        [new UniPcSampler(7)],
        [new UniPcSampler(7, order: 3) { Timesteps = TimestepSubset.Trailing(7) }],
        [new EulerSampler(7)],
        [new EulerSampler(7) { Timesteps = TimestepSubset.Trailing(7) }],
        [new HeunSampler(7)],
        [new HeunSampler(7) { Timesteps = TimestepSubset.Trailing(7) }],
    ];

    private static double MaximumDifference(Sampler first, Sampler second)
    {
        var start = SamplerInputs.Normal(2);
        return Run(first).DistanceTo(Run(second));

        Batch Run(Sampler sampler)
        {
            var noise = new PerSampleNoise(seed: 9, samples: [0, 1]);
            return sampler.Sample(
                SamplerInputs.Denoiser(PredictionType.Epsilon, Clipping.Static()),
                start,
                SamplingStep.Reverse(sampler.Timesteps, _schedule),
                noise);
        }
    }

    // From sigma 10 down to 0.1 in x = sqrt(alpha-bar) z, where z(sigma) / sqrt(0.25 + sigma^2) stays constant.
    private static double ErrorOnNormalData(Sampler sampler, int count)
    {
        double[] alphaBars = [.. KarrasSpacing.Sigmas(count + 1, 0.1, 10, 7).Select(sigma => 1 / (1 + (sigma * sigma)))];
        SamplingStep[] steps =
            [.. Enumerable.Range(0, count).Select(i => new SamplingStep(i, alphaBars[i], alphaBars[i + 1], AddsNoise: false))];
        var unused = new PerSampleNoise(seed: 0, samples: [0]);
        var start = Batches.Filled(1, 1, 1);

        var result = sampler.Sample(NormalDenoiser(steps), start, steps, unused).Values[0];

        double Deviation(double alphaBar) => Math.Sqrt((0.25 * alphaBar) + 1 - alphaBar);
        return Math.Abs(result - (Deviation(alphaBars[^1]) / Deviation(alphaBars[0])));
    }

    // E[x_0 | x] for x_0 of variance 0.25.
    private static Denoiser NormalDenoiser(IReadOnlyList<SamplingStep> steps)
    {
        var alphaBars = steps.ToDictionary(step => step.Timestep, step => step.AlphaBar);
        return new Denoiser(
            (x, timestep) =>
                Batch.Sum((Math.Sqrt(alphaBars[timestep]) * 0.25 / ((0.25 * alphaBars[timestep]) + 1 - alphaBars[timestep]), x)),
            PredictionType.Sample,
            Clipping.None);
    }
}
