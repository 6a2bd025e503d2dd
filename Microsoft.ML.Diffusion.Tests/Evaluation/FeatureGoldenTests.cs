using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Golden;
using static TorchSharp.torch;

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
        using var scope = NewDisposeScope();
        var record = _expected[name]!;
        var (first, second) = (Moments("feat1", record.Int("n1")), Moments("feat2", record.Int("n2")));

        var distance = Between(first, second);

        double[] expected = [record.Number("fid", double.NaN)];
        GoldenAssert.AreClose(expected, [distance], name, absolute, relative);
        GoldenAssert.Fails(() => GoldenAssert.AreClose(GoldenAssert.Changed(expected, 1e-4), [distance], name, absolute, relative), name);
    }

    [TestMethod]
    public void Frechet_RecordedMoments_AreThoseOfTheStream()
    {
        using var scope = NewDisposeScope();
        using var moments = Moments("feat1", _expected["full_rank"]!.Int("n1"));

        GoldenAssert.AreClose(Doubles("mu1"), moments.Mean.ToDoubles(), "mean", absolute: 1e-12);
        GoldenAssert.AreClose(Doubles("sigma1"), moments.Covariance().ToDoubles(), "covariance", absolute: 1e-12);
    }

    [TestMethod]
    public void Frechet_EqualSets_IsZero()
    {
        using var scope = NewDisposeScope();
        using var moments = Moments("feat1", _expected["full_rank"]!.Int("n1"));

        Assert.AreEqual(0, Between(moments, moments), _expected["identical"]!.Number("abs_tolerance", double.NaN));
    }

    [TestMethod]
    public void Frechet_DiagonalCovariances_IsTheAnalyticDistance()
    {
        using var scope = NewDisposeScope();

        var distance =
            FrechetDistance.Between(
                tensor(Doubles("diag.mu1")),
                diag(tensor(Doubles("diag.var1"))),
                tensor(Doubles("diag.mu2")),
                diag(tensor(Doubles("diag.var2"))));

        Assert.AreEqual(_expected["diagonal_analytic"]!.Number("fid", double.NaN), distance, 1e-8 * distance);
    }

    [TestMethod]
    public void Kernel_WholeSets_IsTheRecordedDistance()
    {
        using var scope = NewDisposeScope();
        var small = _expected["kid_small"]!;
        var (n1, n2) = (small.Int("n1"), small.Int("n2"));

        Expect([_expected["kid"]!.Number("full", double.NaN)], Whole(Features("feat1"), Features("feat2")));
        Expect([small.Number("value", double.NaN)], Whole(Features("feat1", n1), Features("feat2", n2)));
    }

    [TestMethod]
    public void Kernel_RecordedSubsets_AreTheRecordedDistances()
    {
        using var scope = NewDisposeScope();
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

    private static double[] Whole(Tensor x, Tensor y) => [KernelDistance.Of(x, y).Value];

    private static double Between(FeatureMoments first, FeatureMoments second) =>
        FrechetDistance.Between(first.Mean, first.Covariance(), second.Mean, second.Covariance());

    // In uneven batches, as a stream comes.
    private static FeatureMoments Moments(string name, int rows)
    {
        var features = Features(name, rows);
        var moments = new FeatureMoments((int)features.shape[1]);
        for (var first = 0; first < rows; first += 37)
        {
            moments.Add(features.narrow(0, first, Math.Min(37, rows - first)));
        }

        return moments;
    }

    // The subsets that a file lists, by the indices of their rows.
    private static IEnumerable<Tensor> Rows(Tensor features, string name)
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File("fid.safetensors"));
        return file[name].ToInt64s().Chunk((int)file[name].Shape[1]).Select(indices => features.index_select(0, tensor(indices)));
    }

    private static Tensor Features(string name, int? rows = null)
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File("fid.safetensors"));
        var values = tensor(file[name].ToDoubles(), file[name].Shape);
        return rows is { } count ? values.narrow(0, 0, count) : values;
    }

    private static double[] Doubles(string name)
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File("fid.safetensors"));
        return file[name].ToDoubles();
    }
}
