using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>What the Frechet distance is computed by, on matrices whose spectrum is known.</summary>
[TestClass]
public sealed class SpectrumTests
{
    [TestMethod]
    public void SingularValues_KnownSpectra_AreFound()
    {
        Assert.AreEqual(0, SpectrumCases.Run(200));
    }

    [TestMethod]
    public void SingularValues_ManyFeatures_AreFoundOnSeveralThreads()
    {
        double[] values = [.. Enumerable.Range(0, 512).Select(i => i < 100 ? 0 : i / 50 * 0.5)];

        var found = SingularValues.Of(new SpectrumCases(seed: 1).Matrix(600, values));

        Array.Sort(found);
        Assert.IsLessThan(1e-13 * values[^1], values.Zip(found, (value, other) => Math.Abs(value - other)).Max());
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(2)]
    [DataRow(300)]
    public void Tridiagonal_SecondDifferences_HaveCosines(int n)
    {
        double[] diagonal = [.. Enumerable.Repeat(2.0, n)], beside = [.. Enumerable.Repeat(-1.0, n - 1)];

        var found = TridiagonalEigenvalues.Of(diagonal, beside);

        Array.Sort(found);
        for (var i = 0; i < n; i++)
        {
            Assert.AreEqual(2 - (2 * Math.Cos(Math.PI * (i + 1) / (n + 1))), found[i], 1e-14);
        }
    }

    [TestMethod]
    public void Tridiagonal_EqualEigenvaluesAndZeros_StandAsTheyAre()
    {
        Assert.AreSequenceEqual([3.0, 3, 3], TridiagonalEigenvalues.Of([3, 3, 3], [0, 0]));
        Assert.AreSequenceEqual([0.0, 0, 0], TridiagonalEigenvalues.Of([0, 0, 0], [0, 0]));
        Assert.AreSequenceEqual([double.NaN, double.NaN], TridiagonalEigenvalues.Of([1, double.NaN], [1]));
    }

    [TestMethod]
    [DataRow(40, 40)]
    [DataRow(40, 7)]
    [DataRow(40, 0)]
    [DataRow(300, 100)]
    public void Factor_CovarianceOfAnyRank_HasItsColumns(int features, int rank)
    {
        // Half of the eigenvalues are equal.
        double[] roots = [.. Enumerable.Range(0, features).Select(i => i >= rank ? 0 : i < rank / 2 ? 2 : 1.0 / (i + 1))];
        var covariance = Covariance(new SpectrumCases(seed: 2).Matrix(features, roots), features);

        var factor = CovarianceFactor.Of(covariance, features);

        Assert.HasCount(rank, factor);
        for (var i = 0; i < features * features; i++)
        {
            Assert.AreEqual(covariance[i], factor.Sum(column => column[i / features] * column[i % features]), 1e-13);
        }
    }

    [TestMethod]
    [DataRow(60, 60, 60)]
    [DataRow(60, 20, 40)]
    [DataRow(260, 260, 50)]
    public void Frechet_CovariancesThatCommute_IsTheDistanceOfTheirRoots(int features, int rank1, int rank2)
    {
        double[] roots1 = [.. Enumerable.Range(0, features).Select(i => i < rank1 ? 1 + (i % 3) : 0.0)];
        double[] roots2 = [.. Enumerable.Range(0, features).Select(i => i < rank2 ? 0.5 + (i % 2) : 0.0)];
        var mean = new double[features];

        // Reflections of one side leave the covariance of the other: F F^T.
        var distance =
            FrechetDistance.Between(
                mean,
                Covariance(new SpectrumCases(seed: 3).Matrix(features, roots1), features),
                [1, .. mean[1..]],
                Covariance(new SpectrumCases(seed: 3).Matrix(features, roots2), features));

        Assert.AreEqual(1 + roots1.Zip(roots2, (a, b) => (a - b) * (a - b)).Sum(), distance, 1e-10);
    }

    [TestMethod]
    public void Frechet_OfSetsWithoutVariance_IsTheDistanceOfTheMeans()
    {
        Assert.AreEqual(25, FrechetDistance.Between([0, 0], new double[4], [3, 4], new double[4]), 1e-14);
    }

    private static double[] Covariance(double[][] factor, int features) =>
    [
        .. Enumerable.Range(0, features * features).Select(
            i => factor[i / features].Zip(factor[i % features], (a, b) => a * b).Sum()),
    ];
}
