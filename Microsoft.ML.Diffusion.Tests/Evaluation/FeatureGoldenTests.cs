using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary><c>fid.json</c> and <c>fid.safetensors</c>: Frechet and kernel distances computed in double by two routes each.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class FeatureGoldenTests
{
    private static readonly JsonNode _expected = GoldenFolder.ReadJson("fid.json");

    [TestMethod]
    [DataRow("full_rank", 0, 1e-8)]
    [DataRow("rank_deficient", 1e-5, 0)]
    public void Frechet_RecordedFeatures_IsTheRecordedDistance(string name, double absolute, double relative)
    {
        var record = _expected[name]!;
        var (first, second) = (Moments("feat1", record.Int("n1")), Moments("feat2", record.Int("n2")));

        var distance = FrechetDistance.Between(first, second);

        double[] expected = [record.Number("fid", double.NaN)];
        GoldenAssert.AreClose(expected, [distance], name, absolute, relative);
        GoldenAssert.Fails(() => GoldenAssert.AreClose(GoldenAssert.Changed(expected, 1e-4), [distance], name, absolute, relative), name);
    }

    [TestMethod]
    public void Frechet_RecordedMoments_AreThoseOfTheStream()
    {
        var moments = Moments("feat1", _expected["full_rank"]!.Int("n1"));

        GoldenAssert.AreClose(Doubles("mu1"), moments.Mean, "mean", absolute: 1e-12);
        GoldenAssert.AreClose(Doubles("sigma1"), moments.Covariance(), "covariance", absolute: 1e-12);
    }

    [TestMethod]
    public void Frechet_EqualSets_IsZero()
    {
        var moments = Moments("feat1", _expected["full_rank"]!.Int("n1"));

        Assert.AreEqual(0, FrechetDistance.Between(moments, moments), _expected["identical"]!.Number("abs_tolerance", double.NaN));
    }

    [TestMethod]
    public void Frechet_DiagonalCovariances_IsTheAnalyticDistance()
    {
        var distance =
            FrechetDistance.Between(
                Doubles("diag.mu1"),
                Diagonal(Doubles("diag.var1")),
                Doubles("diag.mu2"),
                Diagonal(Doubles("diag.var2")));

        Assert.AreEqual(_expected["diagonal_analytic"]!.Number("fid", double.NaN), distance, 1e-8 * distance);
    }

    [TestMethod]
    public void Kernel_WholeSets_IsTheRecordedDistance()
    {
        var small = _expected["kid_small"]!;
        var (n1, n2) = (small.Int("n1"), small.Int("n2"));

        Expect([_expected["kid"]!.Number("full", double.NaN)], Whole(Features("feat1"), Features("feat2")));
        Expect([small.Number("value", double.NaN)], Whole(Features("feat1", n1), Features("feat2", n2)));
    }

    [TestMethod]
    public void Kernel_RecordedSubsets_AreTheRecordedDistances()
    {
        var (x, y, record) = (Features("feat1"), Features("feat2"), _expected["kid"]!);

        double[] values = [.. Rows(x, "kid.idx1").Zip(Rows(y, "kid.idx2"), (a, b) => KernelDistance.Of(a, b).Value)];

        Expect(record.Numbers("per_subset"), values);
        var mean = values.Average();
        Expect(
            [record.Number("mean", double.NaN), record.Number("std", double.NaN)],
            [mean, Math.Sqrt(values.Average(value => (value - mean) * (value - mean)))]);
    }

    private static void Expect(double[] expected, double[] actual)
    {
        GoldenAssert.AreClose(expected, actual, "kid", relative: 1e-10);
        GoldenAssert.Fails(() => GoldenAssert.AreClose(GoldenAssert.Changed(expected, 1e-8), actual, "kid", relative: 1e-10), "kid");
    }

    private static double[] Whole(float[][] x, float[][] y) => [KernelDistance.Of(x, y).Value];

    private static double[] Diagonal(double[] values)
    {
        var matrix = new double[values.Length * values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            matrix[(i * values.Length) + i] = values[i];
        }

        return matrix;
    }

    // In uneven batches, as a stream comes.
    private static FeatureMoments Moments(string name, int rows)
    {
        var features = Features(name, rows);
        var moments = new FeatureMoments(features[0].Length);
        foreach (var batch in features.Chunk(37))
        {
            moments.Add(batch);
        }

        return moments;
    }

    // The subsets that a file lists, by the indices of their rows.
    private static IEnumerable<float[][]> Rows(float[][] features, string name)
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File("fid.safetensors"));
        return file[name].ToInt64s().Chunk((int)file[name].Shape[1]).Select(indices => Array.ConvertAll(indices, i => features[i]));
    }

    private static float[][] Features(string name, int? rows = null)
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File("fid.safetensors"));
        float[][] values = [.. file[name].ToSingles().Chunk((int)file[name].Shape[1])];
        return rows is { } count ? values[..count] : values;
    }

    private static double[] Doubles(string name)
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File("fid.safetensors"));
        return file[name].ToDoubles();
    }
}
