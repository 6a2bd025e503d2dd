using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

[TestClass]
public sealed class ExponentialIntegralTests
{
    [TestMethod]
    [DataRow(1e-6)]
    [DataRow(0.01)]
    [DataRow(0.7)]
    [DataRow(12)]
    public void Moment_AnyLength_IsThatOfSimpsonsRule(double length)
    {
        for (var power = 0; power < 4; power++)
        {
            Assert.AreEqual(1, ExponentialIntegral.Moment(length, power) / Simpson(length, u => Math.Pow(u / length, power)), 1e-9);
        }
    }

    [TestMethod]
    public void Weights_OfPolynomials_GiveTheirIntegral()
    {
        double[] nodes = [1, 0, -0.4, -1.3];
        Func<double, double> cubic = place => 2 - place + (3 * place * place) - (0.5 * place * place * place);

        var weights = ExponentialIntegral.Weights(0.8, nodes);

        Assert.AreEqual(Simpson(0.8, u => cubic(u / 0.8)), weights.Zip(nodes, (weight, node) => weight * cubic(node)).Sum(), 1e-10);
    }

    private static double Simpson(double length, Func<double, double> values)
    {
        const int Parts = 20_000;
        var width = length / Parts;
        return Enumerable.Range(0, Parts + 1).Sum(i =>
            (i is 0 or Parts ? 1 : i % 2 == 1 ? 4 : 2) * Math.Exp((i * width) - length) * values(i * width)) * width / 3;
    }
}
