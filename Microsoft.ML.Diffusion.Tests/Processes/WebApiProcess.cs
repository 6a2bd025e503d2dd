using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>The sample WebApi as a process of its own, on a port that is free, and a client of it.</summary>
internal sealed partial class WebApiProcess : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60); // for a machine that is busy

    private readonly Process _process;
    private readonly List<string> _output = [];
    private readonly Task<string> _error;
    private readonly TaskCompletionSource<Uri?> _address = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WebApiProcess(string program, string[] arguments)
    {
        string[] command = Path.GetExtension(program) == ".dll" ? ["dotnet", "exec", program] : [program];
        _process = Process.Start(
            new ProcessStartInfo(command[0], [.. command[1..], "--urls", "http://127.0.0.1:0", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        _process.OutputDataReceived += (_, line) => Hear(line.Data);
        _process.BeginOutputReadLine();
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>A client of the service.</summary>
    public HttpClient Client { get; } = new() { Timeout = TimeSpan.FromMinutes(5) };

    /// <summary>What the service wrote so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return string.Join('\n', _output);
            }
        }
    }

    /// <summary>Memory of the process in MiB that is its own, files not counted.</summary>
    public double Memory => double.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").First(line => line.StartsWith("RssAnon:", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture) / 1024;

    /// <summary>Starts the service and waits until it answers.</summary>
    /// <param name="program">The assembly, or the program that was made of it.</param>
    /// <param name="arguments">Its settings.</param>
    public static async Task<WebApiProcess> StartAsync(string program, params string[] arguments)
    {
        var service = new WebApiProcess(program, arguments);
        service.Client.BaseAddress = await service._address.Task.WaitAsync(_patience)
            ?? throw new InvalidOperationException($"The service did not start: {service._error.Result}{service.Output}");
        return service;
    }

    /// <summary>Starts a service that is to end by itself.</summary>
    /// <returns>Its exit code, and what it wrote to the standard error.</returns>
    public static (int ExitCode, string Error) Run(string program, params string[] arguments)
    {
        using var service = new WebApiProcess(program, arguments);
        if (!service._process.WaitForExit(_patience))
        {
            throw new TimeoutException($"The service goes on: {service.Output}");
        }

        return (service._process.ExitCode, service._error.Result.Trim());
    }

    /// <summary>What /health says, whatever its status.</summary>
    public async Task<JsonNode> HealthAsync()
    {
        using var answer = await Client.GetAsync("/health");
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    /// <summary>Waits until /health says something.</summary>
    public async Task<JsonNode> WaitForAsync(Func<JsonNode, bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            var health = await HealthAsync();
            if (condition(health))
            {
                return health;
            }

            if (clock.Elapsed > _patience)
            {
                throw new TimeoutException($"The service stayed at {health}.");
            }

            await Task.Delay(10);
        }
    }

    /// <summary>Sends a request for an address and goes away without a word, so that the connection is reset.</summary>
    /// <param name="address">Such as /images/Bag.</param>
    /// <param name="after">How long it stays.</param>
    public async Task SendAndDieAsync(string address, TimeSpan after)
    {
        using var client = new TcpClient { LingerState = new LingerOption(enable: true, seconds: 0) };
        await client.ConnectAsync(Client.BaseAddress!.Host, Client.BaseAddress.Port);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes($"GET {address} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        await Task.Delay(after);
    }

    /// <summary>Asks the service to end, as a container does, and waits.</summary>
    /// <returns>All that it wrote.</returns>
    public string Stop()
    {
        using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        if (!_process.WaitForExit(_patience))
        {
            throw new TimeoutException("The service did not end.");
        }

        _process.WaitForExit(); // the rest of its output too
        return Output + _error.Result;
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        Client.Dispose();
        _process.Dispose();
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            _address.TrySetResult(null); // it ended
            return;
        }

        lock (_output)
        {
            _output.Add(line);
        }

        if (Listening().Match(line) is { Success: true } match)
        {
            _address.TrySetResult(new Uri(match.Groups[1].Value));
        }
    }

    [GeneratedRegex(@"Now listening on: (http\S+)")]
    private static partial Regex Listening();
}
