using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>Many clients of the sample WebApi, some of which cancel, die, ask for nonsense or have the image already, while its model is swapped.</summary>
/// <remarks>Each image must be that of its seed, of one of both models, and each ETag stand for one image; no answer may be 500.</remarks>
internal sealed class ServiceLoad : IDisposable
{
    private const int Clients = 8;
    private const int Seeds = 6;

    private readonly WebApiProcess _service;
    private readonly string _served;
    private readonly (string Path, string Digest)[] _models;
    private readonly string[] _addresses;
    private readonly Dictionary<string, byte[][]> _expected = [];
    private readonly ConcurrentDictionary<string, byte[]> _tagged = new();
    private readonly ConcurrentDictionary<string, int> _counts = new();
    private readonly ConcurrentBag<double> _milliseconds = [];
    private readonly ConcurrentQueue<string> _faults = new();
    private int _sent;

    private ServiceLoad(WebApiProcess service, string served, string[] models, int[] steps)
    {
        (_service, _served) = (service, served);
        var loaded = models.Select(path => new MLContext().Diffusion.LoadDiffusionModel(path)).ToArray();
        _models = [.. models.Zip(loaded, (path, model) => (path, model.Digest!))];
        foreach (var (name, seed, count) in from name in loaded[0].ClassNames
                                            from seed in Enumerable.Range(0, Seeds)
                                            from count in steps
                                            select (name, seed, count))
        {
            _expected.Add(
                $"/images/{Uri.EscapeDataString(name)}?seed={seed}&steps={count}",
                [.. loaded.Select(model => Png(model, name, new GenerationOptions { Seed = seed, Sampler = new DdimSampler(count) }))]);
        }

        Array.ForEach(loaded, model => model.Dispose());
        _addresses = [.. _expected.Keys];
    }

    /// <summary>What was wrong; nothing if all is well.</summary>
    public IReadOnlyCollection<string> Faults => _faults;

    /// <summary>How often what happened, by name.</summary>
    public IReadOnlyDictionary<string, int> Counts => _counts;

    /// <summary>Memory of the service in MiB after each so many requests.</summary>
    public List<double> Memory { get; } = [];

    /// <summary>Starts the service with the first of two models.</summary>
    /// <param name="assembly">That of the sample.</param>
    /// <param name="folder">Where the served file is to lie.</param>
    /// <param name="models">Two models of the same classes.</param>
    /// <param name="steps">Numbers of steps to ask for.</param>
    public static async Task<ServiceLoad> StartAsync(string assembly, string folder, string[] models, params int[] steps)
    {
        var served = Path.Combine(folder, "served.zip");
        File.Copy(models[0], served);
        var service =
            await WebApiProcess.StartAsync(assembly, $"--Model={served}", "--QueueLimit=6", "--WatchMilliseconds=20");
        return new ServiceLoad(service, served, models, steps);
    }

    /// <summary>Sends requests by several clients at a time.</summary>
    /// <param name="count">Their number.</param>
    /// <param name="swapEvery">The model is swapped after so many.</param>
    /// <param name="measureEvery">Memory is measured after so many.</param>
    public async Task RunAsync(int count, int swapEvery, int measureEvery)
    {
        var last = _sent + count;
        var clients = Enumerable.Range(0, Clients).Select(number => Task.Run(() => ClientAsync(new Random(_sent + number), last))).ToArray();
        var (swapped, measured, all) = (_sent, _sent, Task.WhenAll(clients));
        while (!all.IsCompleted)
        {
            await Task.WhenAny(all, Task.Delay(5));
            if (_sent / swapEvery > swapped / swapEvery)
            {
                swapped = _sent;
                await SwapAsync();
            }

            if (_sent / measureEvery > measured / measureEvery)
            {
                measured = _sent;
                Memory.Add(_service.Memory);
            }
        }

        await all;
    }

    /// <summary>What happened, and how long images took.</summary>
    public override string ToString()
    {
        double[] sorted = [.. _milliseconds.Order()];
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{_sent} requests: {string.Join(", ", _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Value} {pair.Key}"))}; {sorted[sorted.Length / 2]:F0} ms median, {sorted[sorted.Length * 95 / 100]:F0} ms of 95 %; memory {string.Join(" ", Memory.Select(value => value.ToString("F0", CultureInfo.InvariantCulture)))} MiB");
    }

    public void Dispose() => _service.Dispose();

    /// <summary>The image that the service is to give.</summary>
    internal static byte[] Png(DiffusionTransformer model, string className, GenerationOptions options)
    {
        using var image = model.Generate([className], options)[0];
        return image.ToPng();
    }

    private async Task ClientAsync(Random random, int last)
    {
        while (Interlocked.Increment(ref _sent) <= last)
        {
            var address = _addresses[random.Next(_addresses.Length)];
            try
            {
                await SendAsync(random, address);
            }
            catch (Exception e)
            {
                _faults.Enqueue($"{address}: {e.Message}");
            }
        }

        Interlocked.Decrement(ref _sent);
    }

    private Task SendAsync(Random random, string address) => random.Next(20) switch
    {
        0 or 1 => CancelAsync(address, TimeSpan.FromMilliseconds(random.Next(30))),
        2 => DieAsync(address, TimeSpan.FromMilliseconds(random.Next(30))),
        3 => AskNonsenseAsync(address),
        4 or 5 => AskAsync(address, knows: true),
        _ => AskAsync(address, knows: false),
    };

    private async Task AskAsync(string address, bool knows)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (knows && _tagged.FirstOrDefault(pair => pair.Key.StartsWith(address + " ", StringComparison.Ordinal)).Key is { } known)
        {
            request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Parse(known[(address.Length + 1)..]));
        }

        var clock = Stopwatch.StartNew();
        using var answer = await _service.Client.SendAsync(request);
        var content = await answer.Content.ReadAsByteArrayAsync();
        Count(answer.StatusCode.ToString());
        switch (answer.StatusCode)
        {
            case HttpStatusCode.OK:
                _milliseconds.Add(clock.Elapsed.TotalMilliseconds);
                CheckImage(address, answer, content);
                break;
            case HttpStatusCode.NotModified when request.Headers.IfNoneMatch.Count > 0 && content.Length == 0:
                break;
            case HttpStatusCode.ServiceUnavailable when answer.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1):
                await Task.Delay(5); // a client that has less patience than it is asked for
                break;
            default:
                _faults.Enqueue($"{address}: {answer.StatusCode} {System.Text.Encoding.UTF8.GetString(content)}");
                break;
        }
    }

    private void CheckImage(string address, HttpResponseMessage answer, byte[] content)
    {
        if (!_expected[address].Any(image => image.SequenceEqual(content)))
        {
            _faults.Enqueue($"{address}: the image of neither model");
        }

        if (answer.Headers.ETag is { } tag && !_tagged.GetOrAdd($"{address} {tag}", content).SequenceEqual(content))
        {
            _faults.Enqueue($"{address}: two images of {tag}");
        }
    }

    private async Task CancelAsync(string address, TimeSpan after)
    {
        using var source = new CancellationTokenSource(after);
        try
        {
            using var answer = await _service.Client.GetAsync(address, source.Token);
            Count(answer.StatusCode == HttpStatusCode.InternalServerError ? "InternalServerError" : "done before it was cancelled");
        }
        catch (OperationCanceledException)
        {
            Count("cancelled");
        }
    }

    private async Task DieAsync(string address, TimeSpan after)
    {
        await _service.SendAndDieAsync(address, after);
        Count("killed");
    }

    private async Task AskNonsenseAsync(string address)
    {
        using var answer = await _service.Client.GetAsync(address + "&steps=0");
        if (answer.StatusCode != HttpStatusCode.BadRequest || answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            _faults.Enqueue($"{address}&steps=0: {answer.StatusCode}");
        }

        Count("BadRequest");
    }

    // Every third time a file that is no model lies there first.
    private async Task SwapAsync()
    {
        var swaps = Count("swaps");
        if (swaps % 3 == 0)
        {
            var broken = File.ReadAllBytes(_models[0].Path);
            broken[broken.Length / 2] ^= 1;
            var before = (await _service.HealthAsync())["lastFault"]!.GetValue<string>();
            Replace(path => File.WriteAllBytes(path, broken));
            await _service.WaitForAsync(health => health["lastFault"]!.GetValue<string>() != before);
        }

        var (model, digest) = _models[swaps % _models.Length];
        Replace(path => File.Copy(model, path));
        await _service.WaitForAsync(health => health["digest"]!.GetValue<string>() == digest);
    }

    private void Replace(Action<string> write)
    {
        var next = $"{_served}.next";
        write(next);
        File.SetLastWriteTimeUtc(next, DateTime.UtcNow); // a copy has the time of its source
        File.Move(next, _served, overwrite: true);
    }

    private int Count(string name) => _counts.AddOrUpdate(name, 1, (_, count) => count + 1);
}
