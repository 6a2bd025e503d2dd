using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Training;

[TestClass]
public sealed class LossHistoryTests
{
    [TestMethod]
    public void Probabilities_OneTimestepLacksLosses_AreUniform()
    {
        Assert.IsNull(new LossHistory(3).Probabilities());
        Assert.IsNull(Filled([1, 1, 1], length: LossHistory.Length - 1).Probabilities());
        Assert.IsNotNull(Filled(1, 1, 1).Probabilities());
    }

    [TestMethod]
    public void Probabilities_FollowTheRootMeanSquareOfTheLastLosses()
    {
        var history = Filled(1, 2, 3);
        for (var i = 0; i < LossHistory.Length; i++)
        {
            history.Record([1], [i < 5 ? -4 : 0]); // the square's mean is 8; the losses of 2 are forgotten
        }

        var sum = 1 + Math.Sqrt(8) + 3;
        double[] expected = [.. new[] { 1, Math.Sqrt(8), 3 }.Select(root => (0.999 * root / sum) + (0.001 / 3))];

        Golden.GoldenAssert.AreClose(expected, history.Probabilities()!, "probabilities", relative: 1e-14);
    }

    [TestMethod]
    public void Record_LongRun_GoesOnForgetting()
    {
        var history = Filled(1, 1);
        for (var i = 0; i < 1000; i++)
        {
            history.Record([0, 1], [i, 1]);
        }

        var root = Math.Sqrt(Enumerable.Range(990, 10).Average(i => (double)i * i));
        Assert.AreEqual((0.999 * root / (root + 1)) + 0.0005, history.Probabilities()![0], 1e-12);
    }

    [TestMethod]
    public void Probabilities_AllLossesZero_AreUniform() => Assert.IsNull(Filled(0, 0).Probabilities());

    [TestMethod]
    public void Weights_KeepTheMeanOfAnyLossUnbiased()
    {
        var probabilities = Filled(0.1, 5, 2, 0).Probabilities()!;
        double[] losses = [3, -1, 4, 1.5];

        var weights = LossHistory.Weights(probabilities, [0, 1, 2, 3]);

        Assert.AreEqual(1, probabilities.Sum(), 1e-14);
        Assert.AreEqual(losses.Average(), losses.Select((loss, t) => probabilities[t] * weights[t] * loss).Sum(), 1e-12);
    }

    [TestMethod]
    public void Timesteps_WithProbabilities_ComeAsOftenAndAreThoseOfTheSeed()
    {
        double[] probabilities = [0.5, 0, 0.2, 0.3];
        int[] Draw(long seed) => new StepDraws(seed, 0, 4, new TrainingOptions()).Timesteps(100_000, probabilities);

        var drawn = Draw(3);

        for (var t = 0; t < 4; t++)
        {
            Assert.AreEqual(probabilities[t], drawn.Count(timestep => timestep == t) / 1e5, 0.008); // five standard errors
        }

        CollectionAssert.AreEqual(drawn, Draw(3));
        CollectionAssert.AreNotEqual(drawn, Draw(4));
    }

    private static LossHistory Filled(params double[] losses) => Filled(losses, LossHistory.Length);

    private static LossHistory Filled(double[] losses, int length)
    {
        var history = new LossHistory(losses.Length);
        for (var i = 0; i < length; i++)
        {
            history.Record([.. Enumerable.Range(0, losses.Length)], losses);
        }

        return history;
    }
}
