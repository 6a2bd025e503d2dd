using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>By how much a process grows while it does the same thing again and again, once it has done it a few times.</summary>
internal sealed class MemoryGrowth : IDisposable
{
    private const int Side = 32;
    private const double Bound = 10;

    private readonly MLContext _mlContext = new(seed: 1);
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"memory-growth-{Guid.NewGuid():N}.zip");
    private readonly DiffusionTransformer _model;

    private MemoryGrowth()
    {
        _model = Trainer(2).Fit(Rows(8));
        _mlContext.Model.Save(_model, null, _path);
    }

    /// <summary>Measures each kind of work, and prints its figure in MiB.</summary>
    /// <param name="share">The share of the full counts (500 steps, 200 calls, 5,000 rows, 400 cursors, 100 loads, 20 failed trainings), in (0, 1].</param>
    /// <returns>The number of figures beyond 10 MiB.</returns>
    public static int Run(double share)
    {
        using var growth = new MemoryGrowth();
        (string Name, int Count, Action<int> Work)[] works =
        [
            ("steps", 500, count => growth.Trainer(count).Fit(growth.Rows(8)).Dispose()),
            ("calls of Generate", 200, count => Repeat(count, growth.Generate)),
            ("rows", 5000, growth.ReadRows),
            ("abandoned cursors", 400, count => Repeat(count, growth.AbandonCursor)),
            ("loads", 100, count => Repeat(count, () => growth._mlContext.Diffusion.LoadDiffusionModel(growth._path).Dispose())),
            ("failed trainings", 20, count => Repeat(count, growth.FailToTrain)),
        ];
        var beyond = 0;
        foreach (var (name, full, work) in works)
        {
            var count = Math.Max(1, (int)(full * share));
            work(Math.Max(1, count / 4));
            var before = OwnMemory.Settled();
            work(count);
            var grown = OwnMemory.Settled() - before;
            beyond += grown > Bound ? 1 : 0;
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} {name}: {grown:F1} MiB{(grown > Bound ? ", too much" : "")}"));
        }

        return beyond;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        File.Delete(_path);
    }

    private static void Repeat(int count, Action work)
    {
        for (var i = 0; i < count; i++)
        {
            work();
        }
    }

    private void Generate() => Array.ForEach(_model.Generate(8), image => image.Dispose());

    private void ReadRows(int count)
    {
        foreach (var row in _mlContext.Data.CreateEnumerable<Row>(_model.Transform(Rows(count)), reuseRowObject: false))
        {
            if (row.Image!.Width != row.Generated!.Width)
            {
                throw new InvalidOperationException("The images are of two sizes.");
            }
        }
    }

    // Neither the cursor nor its image is disposed.
    private void AbandonCursor()
    {
        var rows = _model.Transform(Rows(16));
        var cursor = rows.GetRowCursor(rows.Schema);
        MLImage image = null!;
        cursor.MoveNext();
        cursor.GetGetter<MLImage>(rows.Schema["Image"])(ref image);
        cursor.GetGetter<MLImage>(rows.Schema["Generated"])(ref image);
    }

    private void FailToTrain()
    {
        try
        {
            Trainer(3, new FailingProgress()).Fit(Rows(8));
            throw new InvalidOperationException("The training did not fail.");
        }
        catch (NotSupportedException)
        {
            // as it should
        }
    }

    private DiffusionEstimator Trainer(int steps, IProgress<TrainingProgress>? progress = null) =>
        _mlContext.Transforms.DiffusionTrainer("Generated", nameof(Row.Image), new DiffusionOptions
        {
            Network = new UNetOptions
            {
                BaseChannels = 16,
                ChannelMultipliers = [1, 2],
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [],
                NumberOfNormalizationGroups = 4,
            },
            Training = new TrainingOptions { NumberOfSteps = steps, BatchSize = 4, ReportEverySteps = 1, Progress = progress },
            Generation = new GenerationOptions { Sampler = new DdimSampler(2), Seed = 1 },
            Device = "cpu",
        });

    private IDataView Rows(int count) =>
        _mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, count).Select(number => new Row { Image = Plain(number) }));

    private static MLImage Plain(int number)
    {
        var pixels = new byte[4 * Side * Side];
        Array.Fill(pixels, (byte)(200 + (number % 55)));
        return MLImage.CreateFromPixels(Side, Side, MLPixelFormat.Rgba32, pixels);
    }

    private sealed class FailingProgress : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => throw new NotSupportedException();
    }

    private sealed class Row
    {
        [ImageType(Side, Side)]
        public MLImage? Image { get; set; }

        [ImageType(Side, Side)]
        public MLImage? Generated { get; set; }
    }
}
