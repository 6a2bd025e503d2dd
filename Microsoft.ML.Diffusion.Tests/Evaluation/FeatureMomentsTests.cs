using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class FeatureMomentsTests
{
    [TestMethod]
    [DataRow(300, 64)]
    [DataRow(2, 7)]
    public void Covariance_OfFeaturesOfSeveralTiles_IsThatByDefinition(int features, int batch)
    {
        // Far from 0, where sums of squares would have no digits left.
        var rows = new NormalRows(1).Next(150, features, shift: 1000);
        var moments = new FeatureMoments(features);
        foreach (var part in rows.Chunk(batch))
        {
            moments.Add(part);
        }

        var covariance = moments.Covariance();

        double[] mean = [.. Enumerable.Range(0, features).Select(i => rows.Average(row => (double)row[i]))];
        Assert.AreEqual(150, moments.Count);
        for (var i = 0; i < features; i++)
        {
            Assert.AreEqual(mean[i], moments.Mean[i], 1e-9);
            for (var j = 0; j < features; j++)
            {
                var expected = rows.Sum(row => (row[i] - mean[i]) * (row[j] - mean[j])) / 149;
                Assert.AreEqual(expected, covariance[(i * features) + j], 1e-9, $"{i}, {j}");
            }
        }
    }
}
