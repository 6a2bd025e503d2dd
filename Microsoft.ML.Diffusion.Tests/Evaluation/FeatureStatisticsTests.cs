using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class FeatureStatisticsTests : IDisposable
{
    private const int Features = 12;

    private static readonly MLContext _mlContext = new(seed: 1);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // The acceptance of the issue: 1e-9, also far from 0 and for parts of very different sizes.
    [TestMethod]
    [DataRow(400, 0.0)]
    [DataRow(400, 1000.0)]
    [DataRow(1500, 3.0)]
    public void FrechetDistance_OfMergedParts_IsThatOfOneRun(int count, double shift)
    {
        var (real, generated) = (new NormalRows(1).Next(500, Features, shift), new NormalRows(2).Next(count, Features, shift + 0.3, 1.2));
        var whole = _mlContext.Diffusion.Evaluate(Rows(real), Rows(generated), options: new() { Seed = 1, MaximumNumberOfKeptRows = 10 });

        int[] ends = [1, 2, 70, 71, 300, count];
        var parts = ends.Zip(ends.Prepend(0), (end, begin) => FeatureStatistics.Of(Rows(generated[begin..end]))).ToList();
        parts.Reverse();
        var merged = FeatureStatistics.Merge(parts);

        Assert.AreEqual(count, merged.Count);
        Assert.AreEqual(whole.FrechetDistance, FeatureStatistics.Of(Rows(real)).FrechetDistanceTo(merged), 1e-9 * whole.FrechetDistance);
        Assert.AreEqual(whole.FrechetDistance, FeatureStatistics.Of(Rows(real)).FrechetDistanceTo(FeatureStatistics.Of(Rows(generated))), 0);
    }

    [TestMethod]
    public void FrechetDistance_OfFewerImagesThanFeatures_IsThatOfOneRun()
    {
        var (real, generated) = (new NormalRows(1).Next(8, Features), new NormalRows(2).Next(7, Features, 2));
        var whole = _mlContext.Diffusion.Evaluate(Rows(real), Rows(generated), options: new() { Seed = 1 });

        var merged = FeatureStatistics.Merge([FeatureStatistics.Of(Rows(generated[..3])), FeatureStatistics.Of(Rows(generated[3..]))]);

        Assert.AreEqual(whole.FrechetDistance, FeatureStatistics.Of(Rows(real)).FrechetDistanceTo(merged), 1e-7 * whole.FrechetDistance);
    }

    [TestMethod]
    public void Load_Saved_IsTheSameToTheBit()
    {
        var (statistics, path) = (FeatureStatistics.Of(Rows(new NormalRows(1).Next(40, Features))), _folder.File("part.safetensors"));
        statistics.Save(path);

        var loaded = FeatureStatistics.Load(path);
        loaded.Save(_folder.File("again.safetensors"));
        using var stream = File.OpenRead(path);
        var streamed = FeatureStatistics.Load(stream);

        CollectionAssert.AreEqual(File.ReadAllBytes(path), File.ReadAllBytes(_folder.File("again.safetensors")));
        Assert.AreEqual((40L, Features, "12 features of 40 images"), (streamed.Count, loaded.NumberOfFeatures, $"{loaded}"));
        Assert.AreEqual(0, statistics.FrechetDistanceTo(streamed), 1e-9);
    }

    [TestMethod]
    public void Load_AnyBitOfTheDataChanged_IsRefused()
    {
        FeatureStatistics.Of(Rows(new NormalRows(1).Next(5, 2))).Save(_folder.File("part.safetensors"));
        var bytes = File.ReadAllBytes(_folder.File("part.safetensors"));

        for (var bit = 1; bit <= 8 * 8 * 5; bit++)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[^((bit + 7) / 8)] ^= (byte)(1 << (bit % 8));
            using var stream = new MemoryStream(damaged);
            Messages.Expect<FormatException>(
                "The stream: its numbers do not match their SHA-256. Get it again.",
                () => FeatureStatistics.Load(stream));
        }
    }

    [TestMethod]
    [DataRow("content", "weights", "it holds no feature statistics.")]
    [DataRow("version", "2", "its version is '2', but this library reads version 1. Update the package.")]
    [DataRow("count", "-3", "its count must be a number of images of at least 1.")]
    [DataRow("count", "0", "its count must be a number of images of at least 1.")]
    [DataRow("count", "41", "its numbers do not match their SHA-256. Get it again.")]
    public void Load_OtherText_SaysWhatIsWrong(string key, string value, string message)
    {
        FeatureStatistics.Of(Rows(new NormalRows(1).Next(40, 2))).Save(_folder.File("part.safetensors"));
        using var changed = new MemoryStream();
        using (var file = SafetensorsFile.Open(_folder.File("part.safetensors")))
        {
            var writer = new SafetensorsWriter(file.Metadata.Select(entry => entry.Key == key ? new(key, value) : entry));
            foreach (var tensor in file.Tensors)
            {
                writer.Add(tensor.Name, tensor.Type, tensor.Shape, tensor.Data.First);
            }

            writer.WriteTo(changed);
        }

        changed.Position = 0;

        Messages.Expect<FormatException>($"The stream: {message}", () => FeatureStatistics.Load(changed));
    }

    [TestMethod]
    public void Load_ScatterOfAnotherSize_IsRefusedBeforeMemoryIsTaken()
    {
        var writer = new SafetensorsWriter(
            new Dictionary<string, string> { ["content"] = "Microsoft.ML.Diffusion feature statistics", ["version"] = "1", ["count"] = "1", ["sha256"] = "" });
        writer.Add("mean", SafetensorsType.F64, [8192], new byte[8 * 8192]);
        writer.Add("scatter", SafetensorsType.F64, [1], new byte[8]);
        using var stream = new MemoryStream();
        writer.WriteTo(stream);
        stream.Position = 0;
        var before = GC.GetAllocatedBytesForCurrentThread();

        Messages.Expect<FormatException>(
            "The stream: its scatter must have 33558528 numbers, a triangle of its 8192 features.",
            () => FeatureStatistics.Load(stream));

        Assert.IsLessThan(before + 10_000_000, GC.GetAllocatedBytesForCurrentThread());
    }

    [TestMethod]
    public void Sets_ThatDoNotGoTogether_SayWhy()
    {
        var (two, three, one) = (Of(4, 2), Of(4, 3), Of(1, 2));

        Messages.Expect<ArgumentException>(
            "other must be of the same features, but some are of 3 and others of 2. (Parameter 'other')",
            () => two.FrechetDistanceTo(three));
        Messages.Expect<ArgumentException>(
            "parts must be of the same features, but some are of 3 and others of 2. (Parameter 'parts')",
            () => FeatureStatistics.Merge([two, three]));
        Messages.Expect<ArgumentException>(
            "parts must hold the statistics of at least one part. (Parameter 'parts')",
            () => FeatureStatistics.Merge([]));
        Messages.Expect<InvalidOperationException>(
            "The sets have 1 and 4 images, but a covariance needs at least two of each.",
            () => one.FrechetDistanceTo(two));
        Messages.Expect<InvalidOperationException>(
            "data has no rows, but a mean needs at least one.",
            () => FeatureStatistics.Of(Rows(new NormalRows(1).Next(1, Features), 0)));
    }

    private static FeatureStatistics Of(int count, int features) => FeatureStatistics.Of(Rows(new NormalRows(1).Next(count, features)));

    private static IDataView Rows(float[][] rows, int? count = null)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Features)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, rows[0].Length);
        return _mlContext.Data.LoadFromEnumerable(rows.Take(count ?? rows.Length).Select(row => new Row { Features = row }), schema);
    }

    private sealed class Row
    {
        public float[] Features { get; init; } = [];
    }
}
