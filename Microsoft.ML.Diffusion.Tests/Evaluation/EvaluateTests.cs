using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

[TestClass]
public sealed class EvaluateTests
{
    private const int Features = 3;

    private static readonly MLContext _mlContext = new(seed: 1);

    [TestMethod]
    public void Evaluate_EqualSets_ArePerfect()
    {
        var rows = Normal(200, seed: 1);

        var metrics = _mlContext.Diffusion.Evaluate(rows, rows);

        Assert.AreEqual(0, metrics.FrechetDistance, 1e-9);
        Assert.AreEqual((1, 1), (metrics.Precision, metrics.Recall));
        Assert.AreEqual(
            (200L, 200L, 200, 200, 3),
            (
                metrics.NumberOfRealRows,
                metrics.NumberOfGeneratedRows,
                metrics.NumberOfKeptRealRows,
                metrics.NumberOfKeptGeneratedRows,
                metrics.NumberOfFeatures));
    }

    [TestMethod]
    public void Evaluate_ShiftedNormals_GiveTheKnownDistance()
    {
        // |m|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)) with m = 2 in each of three places, S1 = I, S2 = 4 I: 12 + 3 (2 - 1)^2 = 15.
        var metrics =
            _mlContext.Diffusion.Evaluate(
                Normal(20_000, 1),
                Normal(20_000, 2, shift: 2, scale: 2),
                options: new() { MaximumNumberOfKeptRows = 300, Seed = 1 });

        Assert.AreEqual(15, metrics.FrechetDistance, 0.5);
        Assert.AreEqual((20_000L, 300, 300), (metrics.NumberOfRealRows, metrics.NumberOfKeptRealRows, metrics.NumberOfKeptGeneratedRows));
        Assert.IsGreaterThan(5 * metrics.KernelDistanceStandardError, metrics.KernelDistance);
        StringAssert.EndsWith(
            metrics.ToString(),
            "20,000 generated images and 20,000 real ones, 3 features; all but the Frechet distance from samples of 300 and 300");
    }

    [TestMethod]
    public void Evaluate_HalfOfTheModesMissing_LowersRecallOnly()
    {
        var real = Load(Rows(100, 1, 0, 0.1).Concat(Rows(100, 2, 10, 0.1)));

        var metrics = _mlContext.Diffusion.Evaluate(real, Load(Rows(100, 3, 0, 0.1)));

        Assert.IsGreaterThan(0.8, metrics.Precision);
        Assert.AreEqual(0.5, metrics.Recall, 0.1);
    }

    [TestMethod]
    public void Evaluate_KernelDistanceOfOneDistribution_IsAboutZero()
    {
        var metrics = _mlContext.Diffusion.Evaluate(Normal(300, 1), Normal(300, 2));

        Assert.IsLessThan(3 * metrics.KernelDistanceStandardError, Math.Abs(metrics.KernelDistance));
    }

    [TestMethod]
    public void Evaluate_MoreFeaturesThanRows_IsFiniteAndZeroForEqualSets()
    {
        var rows =
            _mlContext.Data.LoadFromEnumerable(
                Enumerable.Range(0, 5).Select(
                    i => new WideRow { Features = [.. Enumerable.Range(0, 20).Select(j => (double)((i * 7) + (j * j % 5)) / 10)] }));

        Assert.AreEqual(0, _mlContext.Diffusion.Evaluate(rows, rows).FrechetDistance, 1e-9);
    }

    [TestMethod]
    public void Evaluate_SameSeed_Repeats()
    {
        var (real, generated, options) =
            (Normal(300, 1), Normal(300, 2), new EvaluationOptions { MaximumNumberOfKeptRows = 100, Seed = 7 });

        var first = _mlContext.Diffusion.Evaluate(real, generated, options: options);

        Assert.AreEqual(Values(first), Values(_mlContext.Diffusion.Evaluate(real, generated, options: options)));
        Assert.AreNotEqual(
            first.KernelDistance,
            _mlContext.Diffusion.Evaluate(real, generated, options: options with { Seed = 8 }).KernelDistance);
    }

    private static (double, double, double, double, double) Values(GenerationMetrics metrics) =>
        (metrics.FrechetDistance, metrics.KernelDistance, metrics.KernelDistanceStandardError, metrics.Precision, metrics.Recall);

    [TestMethod]
    public void Evaluate_BadInput_SaysWhy()
    {
        var rows = Normal(10, 1);
        var wide = _mlContext.Data.LoadFromEnumerable([new WideRow()]);
        var broken = Load([.. Rows(5, 1, 0, 1), new Row { Features = [1, float.NaN, 2] }]);
        Expect<ArgumentOutOfRangeException>(
            "Could not find feature column 'Other'. The columns are: Features (Vector<Single, 3>), Name (String). (Parameter 'real')",
            () => Evaluate(rows, rows, "Other"));
        Expect<ArgumentOutOfRangeException>(
            "Schema mismatch for feature column 'Name': expected a vector of Single or Double of known size, got String. (Parameter 'real')",
            () => Evaluate(rows, rows, "Name"));
        Expect<ArgumentOutOfRangeException>(
            "Schema mismatch for feature column 'Features': expected Vector<Single, 3>, got Vector<Double, 20>. (Parameter 'generated')",
            () => Evaluate(rows, wide));
        Expect<InvalidOperationException>(
            "generated has 3 rows, but needs at least 4: four for the kernel distance's standard error, and 3 neighbours of each row.",
            () => Evaluate(rows, Normal(3, 1)));
        Expect<InvalidOperationException>(
            "Row 5 of generated: value 1 of column 'Features' is NaN, expected a finite number. Remove the row or repair the value.",
            () => Evaluate(rows, broken));
        Expect<ArgumentOutOfRangeException>(
            "NumberOfNeighbours must be at least 1, because a row's radius reaches to another row. (Parameter 'NumberOfNeighbours')\nActual value was 0.",
            () => Evaluate(rows, rows, options: new() { NumberOfNeighbours = 0 }));
        Expect<ArgumentOutOfRangeException>(
            "MaximumNumberOfKeptRows must be at least 6, because a standard error needs four rows and a row NumberOfNeighbours (5) others. (Parameter 'MaximumNumberOfKeptRows')\nActual value was 5.",
            () => Evaluate(rows, rows, options: new() { NumberOfNeighbours = 5, MaximumNumberOfKeptRows = 5 }));
    }

    [TestMethod]
    public void Evaluate_Cancelled_Throws() => Assert.ThrowsExactly<OperationCanceledException>(() =>
        Evaluate(Normal(10, 1), Normal(10, 2), options: new() { CancellationToken = new CancellationToken(canceled: true) }));

    private static void Expect<TException>(string message, Action action)
        where TException : Exception => Messages.Expect<TException>(message, action);

    private static void Evaluate(IDataView real, IDataView generated, string column = "Features", EvaluationOptions? options = null) =>
        _mlContext.Diffusion.Evaluate(real, generated, column, options);

    private static IDataView Normal(int count, int seed, float shift = 0, float scale = 1) => Load(Rows(count, seed, shift, scale));

    private static IDataView Load(IEnumerable<Row> rows) => _mlContext.Data.LoadFromEnumerable(rows);

    private static IEnumerable<Row> Rows(int count, int seed, double shift, double scale)
    {
        var random = new Random(seed);
        for (var i = 0; i < count; i++)
        {
            yield return new Row
            {
                Features = [.. Enumerable.Range(0, Features).Select(
                _ => (float)(shift
                    + (scale * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()))))]
            };
        }
    }

    private sealed class Row
    {
        [VectorType(EvaluateTests.Features)]
        public float[] Features { get; set; } = [];

        public string Name { get; set; } = "";
    }

    private sealed class WideRow
    {
        [VectorType(20)]
        public double[] Features { get; set; } = [];
    }
}
