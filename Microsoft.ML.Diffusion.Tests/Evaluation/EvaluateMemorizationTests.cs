using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class EvaluateMemorizationTests
{
    private const int Features = 6;

    private static readonly MLContext _mlContext = new(seed: 1);

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Evaluate_Matches_AreThoseFoundOneByOne(bool isHeldOut)
    {
        var (training, generated, heldOut) = (Normal(300, 1), Normal(70, 2), Normal(260, 3));

        var metrics = Evaluate(training, generated, isHeldOut ? heldOut : null);

        AssertMatches(training, generated, metrics.GeneratedMatches, isSame: false);
        AssertMatches(training, isHeldOut ? heldOut : training, metrics.BaselineMatches, isSame: !isHeldOut);
        Assert.AreEqual((isHeldOut, 300, 0, 0), (metrics.IsBaselineHeldOut, metrics.NumberOfTrainingRows, metrics.NumberOfRepeatedTrainingRows, metrics.NumberOfKnownHeldOutRows));
    }

    [TestMethod]
    public void Evaluate_OneDistribution_IsNotSuspicious()
    {
        var metrics = Evaluate(Normal(500, 1), Normal(500, 2), Normal(500, 3));

        Assert.IsFalse(metrics.IsSuspicious, metrics.ToString());
        Assert.AreEqual(6.0 / 501, metrics.ExpectedShareOfNearCopies, 1e-12);
        Assert.AreEqual(0.01, metrics.ShareOfNearCopies, 0.02);
        Assert.AreEqual(metrics.ShareOfNearCopies, metrics.GeneratedMatches.Count(metrics.IsNearCopy) / 500.0);
        Assert.AreEqual(metrics.BaselineMatches.Select(match => match.RelativeDistance).Order().ElementAt(5), metrics.Threshold);
    }

    [TestMethod]
    [DataRow(true)]
    [DataRow(false)]
    public void Evaluate_SomeNearCopies_AreFoundAndCountedByTheirShare(bool isHeldOut)
    {
        var training = Normal(400, 1);
        float[][] generated = [.. Normal(100, 2).Take(80), .. training.Skip(7).Take(20).Select(row => Moved(row, 0.05f))];

        var metrics = Evaluate(training, generated, isHeldOut ? Normal(400, 3) : null);

        Assert.IsTrue(metrics.IsSuspicious, metrics.ToString());
        Assert.IsLessThan(1e-3, metrics.Probability);
        var nearest = metrics.Nearest(20);
        CollectionAssert.AreEquivalent(Enumerable.Range(7, 20).ToArray(), nearest.Select(match => match.TrainingRow).ToArray());
        Assert.IsTrue(nearest.All(match => match.TrainingRow == match.Row - 80 + 7 && metrics.IsNearCopy(match)));
        StringAssert.StartsWith(metrics.ToString(), "SUSPICIOUS: 2");
        Assert.IsFalse(
            Evaluate(training, generated, options: new() { SuspiciousShare = 0.5 }).IsSuspicious,
            "a fifth is less than half");
    }

    // What is near to all is near to none in particular: means are no copies, though they are the nearest of all in distance.
    [TestMethod]
    public void Evaluate_ImagesBetweenTheOthers_AreNoCopies()
    {
        var training = Normal(400, 1);
        float[][] dull = [.. Normal(200, 2).Select(row => Array.ConvertAll(row, value => 0.1f * value))];

        var metrics = Evaluate(training, dull, Normal(400, 3));

        Assert.IsLessThan(metrics.BaselineMatches.Average(match => match.Distance), metrics.GeneratedMatches.Average(match => match.Distance));
        Assert.IsFalse(metrics.IsSuspicious, metrics.ToString());
    }

    [TestMethod]
    public void Evaluate_TrainingImagesThereTwice_CountOnce()
    {
        var training = Normal(100, 1);
        var generated = Normal(30, 2);

        var once = Evaluate(training, generated);
        var twice = Evaluate([.. training, .. training], generated);

        Assert.AreEqual((200, 100), (twice.NumberOfTrainingRows, twice.NumberOfRepeatedTrainingRows));
        CollectionAssert.AreEqual(once.GeneratedMatches.ToArray(), twice.GeneratedMatches.ToArray());
        CollectionAssert.AreEqual(once.BaselineMatches.ToArray(), twice.BaselineMatches.ToArray());
    }

    [TestMethod]
    public void Evaluate_TrainingRowsBehindRepeatedOnes_KeepTheirNumbers()
    {
        float[][] training = [Row(0), Row(-0f), Row(5), Row(5), Row(9)];

        var metrics = Evaluate(training, [Row(8)]);

        Assert.AreEqual((2, 4), (metrics.NumberOfRepeatedTrainingRows, metrics.GeneratedMatches[0].TrainingRow));
        CollectionAssert.AreEqual((int[])[0, 2, 4], metrics.BaselineMatches.Select(match => match.Row).ToArray());
        CollectionAssert.AreEqual((int[])[2, 4, 2], metrics.BaselineMatches.Select(match => match.TrainingRow).ToArray());
    }

    [TestMethod]
    public void Evaluate_HeldOutImagesOfTheTraining_AreNoBaseline()
    {
        var (training, heldOut) = (Normal(100, 1), Normal(40, 3));

        var metrics = Evaluate(training, Normal(30, 2), [.. training.Take(5), .. heldOut]);

        Assert.AreEqual(5, metrics.NumberOfKnownHeldOutRows);
        CollectionAssert.AreEqual(Enumerable.Range(5, 40).ToArray(), metrics.BaselineMatches.Select(match => match.Row).ToArray());
        Assert.IsGreaterThan(0, metrics.Threshold);
    }

    [TestMethod]
    public void Evaluate_ManyOfTheBaseline_TakesEvenlySpacedOnes()
    {
        var metrics = Evaluate(Normal(100, 1), Normal(30, 2), options: new() { MaximumNumberOfBaselineRows = 10 });

        CollectionAssert.AreEqual(Enumerable.Range(0, 10).Select(i => 10 * i).ToArray(), metrics.BaselineMatches.Select(match => match.Row).ToArray());
    }

    [TestMethod]
    public void Evaluate_FewOfTheBaseline_AreNoReasonForSuspicion()
    {
        var metrics = Evaluate(Normal(100, 1), [Row(0.1f)], Normal(2, 3), new() { SuspiciousShare = 0.001 });

        Assert.IsFalse(metrics.IsSuspicious, "one image beside two cannot tell");
        Assert.AreEqual(1.0 / 3, metrics.ExpectedShareOfNearCopies, 1e-12);
    }

    [TestMethod]
    public void Evaluate_BadInput_SaysWhy()
    {
        var rows = Normal(10, 1);
        Messages.Expect<InvalidOperationException>(
            "training has 2 distinct rows, but needs at least 3, because the nearest of an image is compared with the next one, and each training image with others.",
            () => Evaluate([Row(1), Row(2), Row(2)], rows));
        Messages.Expect<InvalidOperationException>(
            "training has 1 distinct rows, but needs at least 2, because the nearest of an image is compared with the next one.",
            () => Evaluate([Row(1), Row(1)], rows, rows));
        Messages.Expect<InvalidOperationException>("generated has no rows, but needs at least one image to judge.", () => Evaluate(rows, []));
        Messages.Expect<InvalidOperationException>(
            "heldOut has 1 rows that are no training images, but needs at least 2, because they tell how near new images are. Leave it out to compare the training images among themselves.",
            () => Evaluate(rows, rows, [.. rows, Row(1)]));
        Messages.Expect<ArgumentOutOfRangeException>(
            "Could not find feature column 'Other'. The columns are: Features (Vector<Single, 6>). (Parameter 'training')",
            () => _mlContext.Diffusion.EvaluateMemorization(Load(rows), Load(rows), featureColumnName: "Other"));
        Messages.Expect<ArgumentOutOfRangeException>(
            "Schema mismatch for feature column 'Features': expected Vector<Single, 6>, got Vector<Single, 2>. (Parameter 'heldOut')",
            () => _mlContext.Diffusion.EvaluateMemorization(Load(rows), Load(rows), _mlContext.Data.LoadFromEnumerable([new NarrowRow()])));
        Messages.Expect<InvalidOperationException>(
            "Row 1 of generated: value 0 of column 'Features' is NaN, expected a finite number. Remove the row or repair the value.",
            () => Evaluate(rows, [Row(1), Row(float.NaN)]));
    }

    [TestMethod]
    public void Evaluate_OptionsOutsideTheirRange_AreNamed()
    {
        Expect("NumberOfNeighbours must be at least 1, because the nearest training image is compared with others.", new() { NumberOfNeighbours = 0 });
        Expect("BaselineQuantile must be above 0 and below 1, because it is a share of the baseline.", new() { BaselineQuantile = 1 });
        Expect("BaselineQuantile must be above 0 and below 1, because it is a share of the baseline.", new() { BaselineQuantile = double.NaN });
        Expect("SuspiciousShare must be above 0 and at most 1, because it is a share of the generated images.", new() { SuspiciousShare = 0 });
        Expect("MaximumNumberOfBaselineRows must be at least 2, because one image tells nothing of how far others are.", new() { MaximumNumberOfBaselineRows = 1 });

        static void Expect(string message, MemorizationOptions options) => StringAssert.StartsWith(
            Assert.ThrowsExactly<ArgumentOutOfRangeException>(() => Evaluate(Normal(10, 1), Normal(10, 2), options: options)).Message,
            message);
    }

    [TestMethod]
    public void Evaluate_Cancelled_Throws() => Assert.ThrowsExactly<OperationCanceledException>(() => Evaluate(
        Normal(10, 1), Normal(10, 2), options: new() { CancellationToken = new CancellationToken(canceled: true) }));

    // By the definition, a pair at a time, in double.
    private static void AssertMatches(float[][] training, float[][] rows, IReadOnlyList<TrainingMatch> matches, bool isSame)
    {
        Assert.HasCount(rows.Length, matches);
        for (var i = 0; i < rows.Length; i++)
        {
            var ordered = training
                .Select((row, j) => (Row: j, Distance: Math.Sqrt(row.Zip(rows[i], (a, b) => Math.Pow((double)a - b, 2)).Sum())))
                .Where(other => !isSame || other.Row != i)
                .OrderBy(other => other.Distance)
                .Take(11)
                .ToList();
            Assert.AreEqual((i, ordered[0].Row), (matches[i].Row, matches[i].TrainingRow));
            Assert.AreEqual(ordered[0].Distance, matches[i].Distance, 1e-6);
            Assert.AreEqual(ordered[0].Distance / ordered.Skip(1).Average(other => other.Distance), matches[i].RelativeDistance, 1e-6);
        }
    }

    private static MemorizationMetrics Evaluate(
        float[][] training,
        float[][] generated,
        float[][]? heldOut = null,
        MemorizationOptions? options = null) =>
        _mlContext.Diffusion.EvaluateMemorization(Load(training), Load(generated), heldOut is null ? null : Load(heldOut), options: options);

    private static IDataView Load(float[][] rows) => _mlContext.Data.LoadFromEnumerable(rows.Select(row => new FeatureRow { Features = row }));

    private static float[] Row(float value) => [value, 1, 1, 1, 1, 1];

    private static float[] Moved(float[] row, float by) => Array.ConvertAll(row, value => value + by);

    private static float[][] Normal(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, Features)
            .Select(_ => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))
            .ToArray())];
    }

    private sealed class FeatureRow
    {
        [VectorType(EvaluateMemorizationTests.Features)]
        public float[] Features { get; set; } = [];
    }

    private sealed class NarrowRow
    {
        [VectorType(2)]
        public float[] Features { get; set; } = [1, 2];
    }
}
