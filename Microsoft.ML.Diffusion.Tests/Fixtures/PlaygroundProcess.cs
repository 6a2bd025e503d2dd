using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>'diffusion serve' as a process of its own, and a client of it.</summary>
internal sealed partial class PlaygroundProcess : IDisposable
{
    private const int Interrupt = 2; // SIGINT, that of Ctrl+C

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60); // for a machine that is busy

    private readonly Process _process;
    private readonly Task<string> _error;
    private readonly List<string> _output = [];

    private PlaygroundProcess(string[] arguments)
    {
        // A test run in the background may ignore SIGINT, and what it starts inherits that.
        string[] command = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", "dotnet", "exec"] : ["dotnet", "exec"];
        _process = Process.Start(
            new ProcessStartInfo(command[0], [.. command[1..], SampleProcess.Built("tool", "diffusion.dll"), "serve", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!;
        _error = _process.StandardError.ReadToEndAsync();
    }

    /// <summary>A client of the page's addresses, without the token.</summary>
    public HttpClient Client { get; } =
        new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>The address that was told, with the token.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The token.</summary>
    public string Token => Address[(Address.IndexOf("token=", StringComparison.Ordinal) + "token=".Length)..];

    /// <summary>The address of the page.</summary>
    public Uri Root => Client.BaseAddress!;

    /// <summary>The lines of the standard output until the address was told.</summary>
    public string Output => string.Join('\n', _output);

    /// <summary>Starts it and waits until it tells its address.</summary>
    public static async Task<PlaygroundProcess> StartAsync(params string[] arguments)
    {
        var playground = new PlaygroundProcess(arguments);
        using var patience = new CancellationTokenSource(_patience);
        while (await playground._process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            playground._output.Add(line);
            if (AddressPattern().Match(line) is { Success: true } address)
            {
                playground.Address = address.Value;
                playground.Client.BaseAddress = new Uri(address.Groups["root"].Value);
                return playground;
            }
        }

        throw new InvalidOperationException($"It did not start: {await playground._error}");
    }

    /// <summary>Sends a document and reads the answer's.</summary>
    public async Task<JsonNode> PostAsync(string address, object body)
    {
        using var answer = await Client.PostAsJsonAsync(address, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.IsTrue(answer.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    /// <summary>Sends a document and reads the events that it leads to.</summary>
    public async Task<List<(string Name, JsonNode Data)>> EventsAsync(string address, object body)
    {
        using var answer = await Client.PostAsJsonAsync(address, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.IsTrue(answer.IsSuccessStatusCode, text);
        Assert.AreEqual("text/event-stream", answer.Content.Headers.ContentType?.ToString());
        return [.. EventPattern().Matches(text).Select(match => (match.Groups["name"].Value, JsonNode.Parse(match.Groups["data"].Value)!))];
    }

    /// <summary>Presses Ctrl+C and waits.</summary>
    /// <returns>The exit code, the rest of the standard output, and all of the standard error.</returns>
    public async Task<(int ExitCode, string Output, string Error)> StopAsync()
    {
        Assert.AreEqual(0, Kill(_process.Id, Interrupt));
        var rest = await _process.StandardOutput.ReadToEndAsync();
        await _process.WaitForExitAsync().WaitAsync(_patience);
        return (_process.ExitCode, rest, (await _error).ReplaceLineEndings("\n").Trim());
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

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    [GeneratedRegex(@"(?<root>http://[^/]+/)\?token=[\w-]+")]
    private static partial Regex AddressPattern();

    [GeneratedRegex(@"event: (?<name>\w+)\ndata: (?<data>.*)\n\n")]
    private static partial Regex EventPattern();
}
