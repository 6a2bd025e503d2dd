using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>
/// Requests to a <see cref="BatchingGenerator"/> by sixteen clients, a third of which are cancelled at any moment, while two models take turns every hundred
/// requests: each image must be that of its seed and of the model that it was accepted for, to the bit.
/// </summary>
internal sealed class ServedRequests : IDisposable
{
    private const int Clients = 16;
    private const int Seeds = 10;
    private const int RequestsOfModel = 100;

    private static readonly Sampler[] _samplers = [new DdimSampler(2), new DdpmSampler(3)];

    private readonly DiffusionTransformer[] _models = [Train(1), Train(2)];
    private readonly Dictionary<(DiffusionTransformer, ImageRequest), string> _expected = [];
    private readonly ConcurrentBag<Task> _replacements = [];
    private readonly BatchingGenerator _generator;
    private int _asked;
    private int _right;
    private int _wrong;
    private int _cancelled;
    private int _refused;

    private ServedRequests()
    {
        foreach (var (model, seed, sampler) in from model in _models from seed in Enumerable.Range(0, Seeds) from sampler in _samplers select (model, seed, sampler))
        {
            var options = model.Generation with { Seed = seed, Sampler = sampler };
            _expected.Add((model, new ImageRequest { Seed = seed, Sampler = sampler }), Digest(model.Generate(1, options)[0]));
        }

        _generator = new BatchingGenerator(_models[0], new BatchingOptions { MaximumBatchSize = 8, MaximumWait = TimeSpan.FromMilliseconds(1), QueueLimit = Clients / 2 });
    }

    /// <summary>Asks for so many images, and prints what became of them and by how many MiB the process grew.</summary>
    /// <returns>The number of images that were wrong or are missing; 0 if all went well.</returns>
    public static int Run(int count)
    {
        using var check = new ServedRequests();
        check.Ask(count / 10, 1); // what grows once
        var before = OwnMemory.Settled();
        check.Ask(count, 2);
        var ended = check._right + check._wrong + check._cancelled;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{check._asked} requests: {check._right} images right, {check._wrong} wrong, {check._cancelled} cancelled; {check._refused} times the queue was full; {check._replacements.Count} models replaced; {(OwnMemory.Settled() - before):F1} MiB more"));
        return check._wrong + Math.Abs(check._asked - ended) + check._generator.QueueLength + check._replacements.Count(task => !task.IsCompletedSuccessfully);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _generator.DisposeAsync().AsTask().Wait();
        Array.ForEach(_models, model => model.Dispose());
    }

    private void Ask(int count, int seed)
    {
        Task.WaitAll([.. Enumerable.Range(0, Clients).Select(client => Task.Run(() => Client(count / Clients, new Random((1_000 * seed) + client))))]);
        Task.WaitAll([.. _replacements]);
    }

    private async Task Client(int count, Random random)
    {
        for (var i = 0; i < count; i++)
        {
            var request = new ImageRequest { Seed = random.Next(Seeds), Sampler = _samplers[random.Next(_samplers.Length)] };
            using var cancellation = new CancellationTokenSource();
            switch (random.Next(6))
            {
                case 0:
                    cancellation.CancelAfter(TimeSpan.FromMilliseconds(random.Next(8)));
                    break;
                case 1:
                    _ = Task.Run(cancellation.Cancel);
                    break;
            }

            if (Interlocked.Increment(ref _asked) % RequestsOfModel == 0)
            {
                _replacements.Add(_generator.ReplaceAsync(_models[_asked / RequestsOfModel % _models.Length]));
            }

            await Ask(request, cancellation.Token);
        }
    }

    private async Task Ask(ImageRequest request, CancellationToken cancellationToken)
    {
        while (true)
        {
            var before = _generator.Model;
            var image = _generator.GenerateAsync(request, cancellationToken);
            var after = _generator.Model;
            try
            {
                Count(Digest(await image), request, before, after);
                return;
            }
            catch (QueueFullException)
            {
                Interlocked.Increment(ref _refused);
                await Task.Delay(1, CancellationToken.None);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                Interlocked.Increment(ref _cancelled);
                return;
            }
        }
    }

    // If the model changed while the request was accepted, it is of one of both.
    private void Count(string image, ImageRequest request, DiffusionTransformer before, DiffusionTransformer after)
    {
        var isRight = image == _expected[(before, request)] || image == _expected[(after, request)];
        Interlocked.Increment(ref isRight ? ref _right : ref _wrong);
    }

    private static string Digest(MLImage image)
    {
        using (image)
        {
            return Convert.ToHexString(SHA256.HashData(image.Pixels));
        }
    }

    private static DiffusionTransformer Train(int seed)
    {
        var mlContext = new MLContext(seed: 1);
        var options = new DiffusionOptions
        {
            Network = new UNetOptions
            {
                BaseChannels = 8,
                ChannelMultipliers = [1, 2],
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [4],
                NumberOfNormalizationGroups = 4,
            },
            Training = new TrainingOptions { NumberOfSteps = 5, BatchSize = 2, LearningRate = 1e-2, WarmupSteps = 1 },
            Seed = seed,
            Device = "cpu",
        };
        return mlContext.Transforms.DiffusionTrainer("Generated", nameof(Row.Image), options).Fit(mlContext.Data.LoadFromEnumerable(
            Enumerable.Range(0, 6).Select(number => new Row { Image = [.. Enumerable.Range(0, 64).Select(i => (float)((i * (number + 3)) % 256))] })));
    }

    private sealed class Row
    {
        [VectorType(1, 8, 8)]
        public float[] Image { get; set; } = [];
    }
}
