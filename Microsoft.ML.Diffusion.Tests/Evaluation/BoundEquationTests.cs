namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>
/// The bound of the two papers in each of its forms, for one normal value and networks that are linear in x_t. All that is averaged is then quadratic in normal
/// numbers, so that three nodes for each give exact expectations.
/// </summary>
[TestClass]
public sealed class BoundEquationTests
{
    private const int Steps = 4;
    private const double DataMean = 0.3;
    private const double DataVariance = 0.36;
    private static readonly NoiseSchedule _schedule = NoiseSchedule.Linear(Steps, 0.1, 0.6);
    private static readonly GaussianDiffusion _diffusion = new(_schedule);

    // Gauss-Hermite: exact up to degree 5.
    private static readonly (double Value, double Weight)[] _nodes = [(-Math.Sqrt(3), 1 / 6.0), (0, 2 / 3.0), (Math.Sqrt(3), 1 / 6.0)];

    /// <summary>Slopes and offsets of epsilon_theta.</summary>
    public static IEnumerable<object[]> Networks => [[0.5, 0.2], [0.9, -0.1], [-0.4, 1.0]];

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void Equation3_AnyNetwork_BoundsTheNegativeLogLikelihood(double slope, double offset)
    {
        // The chain of a linear network makes a normal x_0: N(0, 1) carried down.
        var (mean, variance) = (0.0, 1.0);
        for (var t = Steps - 1; t >= 0; t--)
        {
            var (at0, at1) = (ModelMean(0, t, slope, offset), ModelMean(1, t, slope, offset));
            (mean, variance) = (at0 + ((at1 - at0) * mean), ((at1 - at0) * (at1 - at0) * variance) + _schedule.Betas[t]);
        }

        var negativeLogLikelihood = 0.5 * (Math.Log(2 * Math.PI * variance) + ((DataVariance + Math.Pow(DataMean - mean, 2)) / variance));
        Assert.IsGreaterThan(negativeLogLikelihood, Bound(slope, offset));
    }

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void Equation5_TermByTerm_IsEquation3(double slope, double offset)
    {
        var sum = 0.0;
        foreach (var (x0, weight) in Nodes(DataMean, DataVariance))
        {
            var last = _diffusion.Marginal(Steps - 1);
            sum += weight * GaussianDiffusion.Divergence<double>(last.Mean<double>([x0], []), last.Variance, [0], 1);
            foreach (var (noise, share) in _nodes)
            {
                for (var t = 1; t < Steps; t++)
                {
                    sum += weight * share * _diffusion.StepDivergence<double>([x0], Predicted(x0, noise, t, slope, offset), t);
                }

                var x1 = _diffusion.AddNoise<double>([x0], [noise], 0)[0];
                sum -= weight * share * LogDensity(x0, ModelMean(x1, 0, slope, offset), _schedule.Betas[0]);
            }
        }

        Assert.AreEqual(Bound(slope, offset), sum, 1e-12);
    }

    [TestMethod]
    [DynamicData(nameof(Networks))]
    public void Equation16_AsACode_IsEquation3(double slope, double offset)
    {
        var (last, lastVariance) = DataAt(Steps - 1);
        var sum =
            GaussianDiffusion.Divergence<double>([last], lastVariance, [0], 1) + (0.5 * Math.Log(2 * Math.PI * Math.E * DataVariance));
        for (var t = 0; t < Steps; t++)
        {
            // q(x_{t-1} | x_t) of normal data, by their covariance.
            var ((mean, variance), (before, varianceBefore)) = (DataAt(t), DataAt(t - 1));
            var covariance = _diffusion.Forward(t).SampleCoefficient * varianceBefore;
            sum += Nodes(mean, variance).Sum(xt => xt.Weight * GaussianDiffusion.Divergence<double>(
                [before + (covariance / variance * (xt.Value - mean))],
                varianceBefore - (covariance * covariance / variance),
                [ModelMean(xt.Value, t, slope, offset)],
                _schedule.Betas[t]));
        }

        Assert.AreEqual(Bound(slope, offset), sum, 1e-12);
    }

    [TestMethod]
    [DataRow(DdpmVariance.FixedSmall)]
    [DataRow(DdpmVariance.FixedLarge)]
    public void Equations8And12_AnyPrediction_AddTheWeightedErrorToAConstant(DdpmVariance variance)
    {
        double[] x0 = [0.4, -0.9], noise = [-1.3, 0.2];
        for (var t = 1; t < Steps; t++)
        {
            var (xt, posterior) = (_diffusion.AddNoise<double>(x0, noise, t), _diffusion.Posterior(t));
            var sigmaSquared = variance == DdpmVariance.FixedSmall ? posterior.Variance : _schedule.Betas[t];
            var constant = _diffusion.StepDivergence<double>(x0, x0, t, variance);
            foreach (var predicted in new double[][] { [0.1, 0.1], [-1.2, 2], [3, -3] })
            {
                var term =
                    _diffusion.StepDivergence<double>(
                        x0,
                        _diffusion.ToOriginalSample<double>(xt, predicted, PredictionType.Epsilon, t),
                        t,
                        variance) - constant;
                var ofMeans =
                    Distance(posterior.Mean<double>(x0, xt), _diffusion.ReverseMean<double>(xt, predicted, t)) / (2 * sigmaSquared);
                var (beta, alpha, alphaBar) = (_schedule.Betas[t], _schedule.Alphas[t], _schedule.AlphasCumulativeProduct[t]);
                var ofNoises = beta * beta / (2 * sigmaSquared * alpha * (1 - alphaBar)) * Distance(noise, predicted);

                Assert.AreEqual(ofMeans, term, 1e-12 * ofMeans);
                Assert.AreEqual(ofNoises, term, 1e-12 * ofNoises);
            }
        }
    }

    [TestMethod]
    [DataRow(0.3, 0.2, 0.25, 0.4)]
    [DataRow(0.05, 0.1, 0.1, 0.1)]
    public void Theorem1_AnyNetwork_WeighsTheErrorOfTheNoise(double sigma1, double sigma2, double sigma3, double sigma4)
    {
        var process = new NonMarkovianProcess(_schedule, sigma1, sigma2, sigma3, sigma4);

        // J_sigma - L_gamma, for networks that have nothing to do with each other.
        double[] constants =
            [.. Networks.Select(network => ((double)network[0], (double)network[1])).Select(
                network => LossOf(process, network.Item1, network.Item2) - WeightedErrors(process, network.Item1, network.Item2))];

        Assert.AreEqual(constants[0], constants[1], 1e-11 * Math.Abs(LossOf(process, 0.9, -0.1)));
        Assert.AreEqual(constants[0], constants[2], 1e-11 * Math.Abs(LossOf(process, -0.4, 1)));
        Assert.IsGreaterThan(1, Math.Abs(LossOf(process, 0.9, -0.1) - LossOf(process, 0.5, 0.2)));
    }

    // E_q[-log p(x_T) - sum log p(x_{t-1} | x_t) / q(x_t | x_{t-1})] along the chain of the forward process.
    private static double Bound(double slope, double offset)
    {
        return Nodes(DataMean, DataVariance).Sum(x0 => x0.Weight * From(x0.Value, 0));

        double From(double before, int t)
        {
            if (t == Steps)
            {
                return -LogDensity(before, 0, 1);
            }

            var step = _diffusion.Forward(t);
            var mean = step.SampleCoefficient * before;
            return Nodes(mean, step.Variance).Sum(
                xt => xt.Weight * (LogDensity(xt.Value, mean, step.Variance) - LogDensity(
                    before,
                    ModelMean(xt.Value, t, slope, offset),
                    _schedule.Betas[t])
                    + From(xt.Value, t + 1)));
        }
    }

    // J_sigma = E_q[log q_sigma(x_1..x_T | x_0) - log p_theta(x_0..x_T)], down the chain of eq. 6 and 10.
    private static double LossOf(NonMarkovianProcess process, double slope, double offset)
    {
        var last = _diffusion.Marginal(Steps - 1);
        return Nodes(DataMean, DataVariance).Sum(x0 => x0.Weight * Nodes(last.OriginalCoefficient * x0.Value, last.Variance).Sum(xt =>
            xt.Weight * (LogDensity(xt.Value, last.OriginalCoefficient * x0.Value, last.Variance) - LogDensity(xt.Value, 0, 1)
                + From(x0.Value, xt.Value, Steps - 1))));

        double From(double x0, double xt, int t)
        {
            var posterior = process.Posterior(t);
            var predicted = _diffusion.ToOriginalSample<double>([xt], [(slope * xt) + offset], PredictionType.Epsilon, t);
            var (mean, modelMean) = (posterior.Mean<double>([x0], [xt])[0], posterior.Mean<double>(predicted, [xt])[0]);
            return t == 0
                ? -LogDensity(x0, modelMean, posterior.Variance)
                : Nodes(mean, posterior.Variance).Sum(
                    before =>
                        before.Weight * (LogDensity(before.Value, mean, posterior.Variance) - LogDensity(before.Value, modelMean, posterior.Variance)
                            + From(x0, before.Value, t - 1)));
        }
    }

    // L_gamma = sum gamma_t E ||epsilon_theta(x_t) - epsilon||^2.
    private static double WeightedErrors(NonMarkovianProcess process, double slope, double offset) =>
        Enumerable.Range(0, Steps).Sum(t => process.LossWeight(t) * Nodes(DataMean, DataVariance).Sum(x0 => _nodes.Sum(noise =>
            x0.Weight * noise.Weight * Math.Pow(
                (slope * _diffusion.AddNoise<double>([x0.Value], [noise.Value], t)[0]) + offset - noise.Value,
                2))));

    private static double[] Predicted(double x0, double noise, int t, double slope, double offset)
    {
        var xt = _diffusion.AddNoise<double>([x0], [noise], t);
        return _diffusion.ToOriginalSample<double>(xt, [(slope * xt[0]) + offset], PredictionType.Epsilon, t);
    }

    private static double ModelMean(double xt, int t, double slope, double offset) =>
        _diffusion.ReverseMean<double>([xt], [(slope * xt) + offset], t)[0];

    private static (double Mean, double Variance) DataAt(int t)
    {
        var marginal = _diffusion.Marginal(t);
        return (
            marginal.OriginalCoefficient * DataMean,
            (marginal.OriginalCoefficient * marginal.OriginalCoefficient * DataVariance) + marginal.Variance);
    }

    private static IEnumerable<(double Value, double Weight)> Nodes(double mean, double variance) =>
        _nodes.Select(node => (mean + (Math.Sqrt(variance) * node.Value), node.Weight));

    private static double LogDensity(double value, double mean, double variance) =>
        -0.5 * (Math.Log(2 * Math.PI * variance) + (Math.Pow(value - mean, 2) / variance));

    private static double Distance(double[] first, double[] second) => first.Zip(second, (a, b) => (a - b) * (a - b)).Sum();
}
