using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>
/// Models that one thread disposes while eight others generate, save, score rows, judge, look and train on: done in a process of its own, which either survives
/// or does not.
/// </summary>
internal sealed class DisposeWhileUsed : IDisposable
{
    private const int Side = 8;

    private readonly MLContext _mlContext = new(seed: 1);
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"dispose-while-used-{Guid.NewGuid():N}.zip");
    private readonly IDataView _rows;
    private int _completed;
    private int _refused;

    private DisposeWhileUsed()
    {
        _rows = _mlContext.Data.LoadFromEnumerable(Enumerable.Range(0, 6).Select(Row.Of).ToList());
        using var model = Trainer.Fit(_rows);
        _mlContext.Model.Save(model, null, _path);
    }

    private DiffusionEstimator Trainer => _mlContext.Transforms.DiffusionTrainer("Generated", nameof(Row.Image), new DiffusionOptions
    {
        Network = new UNetOptions
        {
            BaseChannels = 8,
            ChannelMultipliers = [1, 2],
            NumberOfResidualBlocks = 1,
            AttentionResolutions = [4],
            NumberOfNormalizationGroups = 4,
        },
        Training = new TrainingOptions { NumberOfSteps = 1, BatchSize = 2 },
        Generation = new GenerationOptions { Sampler = new DdimSampler(2), BatchSize = 2, Seed = 1 },
        OutputColumns = new OutputColumnOptions { GeneratedPixels = nameof(Scored.Pixels), ReconstructionError = nameof(Scored.Error) },
        Device = "cpu",
    });

    /// <summary>Disposes so many models while they are used, and prints how many calls ended well and how many were refused.</summary>
    /// <returns>The exit code: 0 if every call ended in one of both ways.</returns>
    public static int Run(int rounds)
    {
        using var check = new DisposeWhileUsed();
        for (var round = 0; round < rounds; round++)
        {
            check.Round(new Random(round));
        }

        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{rounds} rounds, {check._completed} calls ended well, {check._refused} were refused"));
        return check._refused == 8 * rounds ? 0 : 1;
    }

    /// <inheritdoc/>
    public void Dispose() => File.Delete(_path);

    private void Round(Random random)
    {
        var model = _mlContext.Diffusion.LoadDiffusionModel(_path);
        var scored = model.Transform(_rows);
        var generated = _mlContext.Diffusion.GenerateDataView(model, 4);
        var images = model.Generate(2);
        Action[] uses =
        [
            () => Forget(model.Generate(3)),
            () => Forget(model.ImageToImage(images, 0.5)),
            () => _mlContext.Model.Save(model, null, Stream.Null),
            () => ReadAll(_mlContext.Data.CreateEnumerable<Scored>(scored, reuseRowObject: true)),
            () => ReadAll(generated.GetColumn<MLImage>("Image")),
            () => model.EvaluateLikelihood(images, new LikelihoodOptions { NumberOfTimesteps = 3, Seed = 1 }),
            () => Look(model),
            () => Trainer.Fit(_rows, model).Dispose(),
        ];
        using var start = new Barrier(uses.Length + 1);
        var users = Array.ConvertAll(uses, use => Task.Factory.StartNew(() => UseUntilDisposed(use, start), TaskCreationOptions.LongRunning));
        start.SignalAndWait();
        Thread.Sleep(random.Next(40)); // so that each round disposes at another moment of the calls
        model.Dispose();
        Task.WaitAll(users);
        Forget(images);
    }

    private void UseUntilDisposed(Action use, Barrier start)
    {
        start.SignalAndWait();
        try
        {
            while (true)
            {
                use();
                Interlocked.Increment(ref _completed);
            }
        }
        catch (ObjectDisposedException exception) when (exception.ObjectName is "model" or "Microsoft.ML.Diffusion.DiffusionTransformer")
        {
            Interlocked.Increment(ref _refused);
        }
    }

    private static void Look(DiffusionTransformer model)
    {
        _ = model.Describe().ToString();
        using var other = model.WithColumns(new OutputColumnOptions { Latent = "Latent" });
    }

    private static void ReadAll<T>(IEnumerable<T> rows)
    {
        foreach (var _ in rows)
        {
        }
    }

    private static void Forget(MLImage[] images) => Array.ForEach(images, image => image.Dispose());

    private sealed class Row
    {
        [VectorType(1, Side, Side)]
        public float[] Image { get; set; } = [];

        public static Row Of(int number) =>
            new() { Image = [.. Enumerable.Range(0, Side * Side).Select(i => (float)((i * (number + 3)) % 256))] };
    }

    private sealed class Scored
    {
        [VectorType(1, Side, Side)]
        public float[] Pixels { get; set; } = [];

        public float Error { get; set; }
    }
}
