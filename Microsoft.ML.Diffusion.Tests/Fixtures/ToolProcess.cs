using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>The tool "diffusion" as a user runs it: built, in its own process.</summary>
internal sealed partial class ToolProcess : IDisposable
{
    private const int Interrupt = 2; // SIGINT, that of Ctrl+C

    private static readonly Lazy<string> _assembly = new(() => SampleProcess.Built("tool", "diffusion.dll"));

    private static readonly Lazy<string> _evaluation = new(() => SampleProcess.Built("tool.evaluate", "diffusion-evaluate.dll"));

    private readonly Process _process;
    private readonly Task<string> _output;

    private ToolProcess(
        string[] arguments,
        string? assembly = null,
        string? path = null,
        params IEnumerable<(string Name, string Value)> variables)
    {
        // A test run in the background may ignore SIGINT, and what it starts inherits that.
        string[] command = OperatingSystem.IsLinux() ? ["env", "--default-signal=INT", "dotnet", "exec"] : ["dotnet", "exec"];
        var start = new ProcessStartInfo(command[0], [.. command[1..], assembly ?? _assembly.Value, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["PATH"] = path ?? Environment.GetEnvironmentVariable("PATH");
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _output = _process.StandardOutput.ReadToEndAsync();
    }

    /// <summary>What a run printed and how it ended.</summary>
    public sealed record Result(int ExitCode, string Output, string Error)
    {
        /// <summary>The standard output as the one document that it must be.</summary>
        public JsonNode Document => JsonNode.Parse(Output)!;

        /// <summary>Checks that all went well.</summary>
        public Result Done()
        {
            Assert.AreEqual(0, ExitCode, Error);
            return this;
        }
    }

    /// <summary>Runs the tool to its end.</summary>
    public static Result Run(params string[] arguments)
    {
        using var tool = new ToolProcess(arguments);
        return tool.Finish(tool._process.StandardError.ReadToEnd());
    }

    /// <summary>Runs the tool to its end as a task of a scheduler does, which sets variables.</summary>
    public static Result RunWith(IEnumerable<(string Name, string Value)> variables, params string[] arguments)
    {
        using var tool = new ToolProcess(arguments, variables: variables);
        return tool.Finish(tool._process.StandardError.ReadToEnd());
    }

    /// <summary>Runs the tool and kills it as soon as something holds, and says whether it came to that.</summary>
    public static bool RunAndKill(Func<bool> when, params string[] arguments)
    {
        using var tool = new ToolProcess(arguments);
        var errors = tool._process.StandardError.ReadToEndAsync();
        while (!tool._process.HasExited && !when())
        {
            Thread.Sleep(1); // the moment is the caller's, and nothing tells it
        }

        tool._process.Kill();
        return tool.Finish(errors.Result).ExitCode != 0;
    }

    /// <summary>Runs the program of 'diffusion evaluate' to its end.</summary>
    public static Result RunEvaluation(params string[] arguments)
    {
        using var program = new ToolProcess(arguments, _evaluation.Value);
        return program.Finish(program._process.StandardError.ReadToEnd());
    }

    /// <summary>Runs the tool to its end where the program of 'diffusion evaluate' is on the PATH, or is not.</summary>
    public static Result RunBesideEvaluation(bool isThere, params string[] arguments)
    {
        var folder = Path.GetDirectoryName(_evaluation.Value)!;
        var others = Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator)
            .Where(other => !File.Exists(Path.Combine(other, "diffusion-evaluate")) && !File.Exists(Path.Combine(other, "diffusion-evaluate.exe")));
        using var tool = new ToolProcess(arguments, path: string.Join(Path.PathSeparator, isThere ? [.. others, folder] : others));
        return tool.Finish(tool._process.StandardError.ReadToEnd());
    }

    /// <summary>Runs the tool, and presses Ctrl+C when its standard error says something.</summary>
    public static Result RunAndInterrupt(string when, params string[] arguments)
    {
        using var tool = new ToolProcess(arguments);
        var error = "";
        while (tool._process.StandardError.ReadLine() is { } line)
        {
            error += line + "\n";
            if (line.Contains(when, StringComparison.Ordinal))
            {
                Assert.AreEqual(0, Kill(tool._process.Id, Interrupt));
                error += tool._process.StandardError.ReadToEnd();
            }
        }

        return tool.Finish(error);
    }

    public void Dispose() => _process.Dispose();

    private Result Finish(string error)
    {
        _process.WaitForExit();
        return new Result(_process.ExitCode, _output.Result.ReplaceLineEndings("\n").Trim(), error.ReplaceLineEndings("\n").Trim());
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
