using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class ManifoldTests
{
    [TestMethod]
    [DataRow(50, 40, 3)]
    [DataRow(600, 250, 1)]
    [DataRow(250, 600, 5)]
    [DataRow(300, 300, 249)]
    public void PrecisionAndRecall_RandomSets_AreThoseByDefinition(int m, int n, int neighbours)
    {
        // Whole numbers, of which many are equal, are as far from each other in any order of sums.
        var (real, generated) = (Whole(new NormalRows(1).Next(m, 4, 1, 2)), Whole(new NormalRows(2).Next(n, 4, 0, 3)));

        var (precision, recall) = Manifold.PrecisionAndRecall(real, generated, neighbours);

        Assert.AreEqual(ShareWithin(generated, real, neighbours), precision, 1e-12);
        Assert.AreEqual(ShareWithin(real, generated, neighbours), recall, 1e-12);
        Assert.IsTrue(precision is > 0.1 and <= 1 && recall is > 0.1 and <= 1);
    }

    [TestMethod]
    public void PrecisionAndRecall_FarFromTheOrigin_AreThoseNearIt()
    {
        var (real, generated) = (Whole(new NormalRows(1).Next(300, 4, 1, 2)), Whole(new NormalRows(2).Next(300, 4, 0, 3)));

        Assert.AreEqual(
            Manifold.PrecisionAndRecall(real, generated, 3),
            Manifold.PrecisionAndRecall(Moved(real), Moved(generated), 3));

        static float[][] Moved(float[][] rows) => Array.ConvertAll(rows, row => Array.ConvertAll(row, value => value + (1 << 23)));
    }

    private static float[][] Whole(float[][] rows) => Array.ConvertAll(rows, row => Array.ConvertAll(row, MathF.Round));

    private static double ShareWithin(float[][] rows, float[][] others, int neighbours)
    {
        double[] radii = [.. others.Select(other => others.Select(row => Distance(row, other)).Order().ElementAt(neighbours))];
        return rows.Average(row => others.Where((other, i) => Distance(row, other) <= radii[i]).Any() ? 1.0 : 0);
    }

    private static double Distance(float[] a, float[] b) => a.Zip(b, (x, y) => ((double)x - y) * ((double)x - y)).Sum();
}
