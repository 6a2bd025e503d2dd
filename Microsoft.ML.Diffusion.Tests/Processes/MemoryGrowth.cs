using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>By how much a process grows while it does the same thing again and again, once it has done it as often.</summary>
/// <remarks>
/// What allocators hold goes up and down by some 20 MiB from one time to another, whatever is done; a leak only goes up. So the figure is the median of the growths
/// of three rounds, and a round that does leak, by 20 MiB, is measured too.
/// </remarks>
internal sealed class MemoryGrowth : IDisposable
{
    private const int Side = 32;
    private const double Leaked = 20;
    private const int Rounds = 3;

    private readonly MLContext _mlContext = new(seed: 1);
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"memory-growth-{Guid.NewGuid():N}.zip");
    private readonly DiffusionTransformer _model;
    private readonly List<MLImage> _leaked = [];

    private MemoryGrowth()
    {
        _model = Trainer(2).Fit(Rows(8));
        _mlContext.Model.Save(_model, null, _path);
    }

    /// <summary>Measures each kind of work, and prints its figure in MiB.</summary>
    /// <param name="share">The share of the full counts (500 steps, 200 calls, 5,000 rows, 400 cursors, 100 loads, 20 failed trainings), in (0, 1].</param>
    /// <param name="bound">What a figure may be, in MiB.</param>
    /// <returns>The number of figures beyond the bound, and one more if the leak is not seen.</returns>
    public static int Run(double share, double bound)
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
        var beyond = Measure("leak of 20 MiB, to be seen", growth.Leak) > Leaked / 2 ? 0 : 1;
        foreach (var (name, full, work) in works)
        {
            var count = Math.Max(1, (int)(full * share));
            beyond += Measure(string.Create(CultureInfo.InvariantCulture, $"{count} {name}"), () => work(count)) > bound ? 1 : 0;
        }

        return beyond;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _model.Dispose();
        _leaked.ForEach(image => image.Dispose());
        File.Delete(_path);
    }

    // The median growth in MiB of the rounds after the first.
    private static double Measure(string name, Action work)
    {
        work();
        var memory = new List<double> { OwnMemory.Settled() };
        for (var round = 0; round < Rounds; round++)
        {
            work();
            memory.Add(OwnMemory.Settled());
        }

        double[] growths = [.. memory.Zip(memory.Skip(1), (before, after) => after - before).Order()];
        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{name}: {growths[Rounds / 2]:F1} MiB ({growths[0]:F1} to {growths[^1]:F1})"));
        return growths[Rounds / 2];
    }

    private void Leak()
    {
        var pixels = new byte[(int)Leaked << 20];
        Array.Fill(pixels, byte.MaxValue);
        _leaked.Add(MLImage.CreateFromPixels(1024, pixels.Length / 4096, MLPixelFormat.Rgba32, pixels));
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
