using System.Text;
using Diffusion.Tool;
using Diffusion.Tool.Commands;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>diffusion train --watch of a few tiny images, in this process.</summary>
internal sealed class WatchedCommand : IDisposable
{
    private const string AddressBefore = "Open ";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("watch");
    private readonly CancellationTokenSource _interrupt = new();
    private readonly (TextWriter Output, TextWriter Error) _console = (Console.Out, Console.Error);
    private readonly Listener _error = new();

    /// <summary>Starts it; the address is there when it serves.</summary>
    /// <param name="arguments">More of what is typed; {folder} is a folder of its own.</param>
    public WatchedCommand(params string[] arguments)
    {
        Console.SetOut(TextWriter.Synchronized(new StringWriter(Output)));
        Console.SetError(_error);
        var images = Directory.CreateDirectory(Path.Combine(_folder.FullName, "photos <b>"));
        for (var i = 0; i < 6; i++)
        {
            byte[] pixels = [.. Enumerable.Range(0, 8 * 8 * 4).Select(k => k % 4 == 3 ? (byte)255 : (byte)((k * 7) + (i * 40)))];
            using var image = MLImage.CreateFromPixels(8, 8, MLPixelFormat.Rgba32, pixels);
            File.WriteAllBytes(Path.Combine(images.FullName, $"{i}.png"), image.ToPng());
        }

        string[] typed =
        [
            "train", images.FullName, "--watch", "--output", Model, "--size", "8", "--channels", "32", "--multipliers", "1,1", "--blocks", "1", "--attention", "none",
            "--batch", "4", "--validation", "0.34", "--seed", "3", "--device", "cpu",
            .. arguments.Select(argument => argument.Replace("{folder}", _folder.FullName, StringComparison.Ordinal)),
        ];
        Ended = Task.Run(() => new DiffusionTool(typed, ToolCommands.Create(_interrupt.Token)).Run());
    }

    /// <summary>The command, and its exit code.</summary>
    public Task<int> Ended { get; }

    public string Model => Path.Combine(_folder.FullName, "model.zip");

    public StringBuilder Output { get; } = new();

    public string FileOf(string name) => Path.Combine(_folder.FullName, name);

    /// <summary>The address of the page.</summary>
    public async Task<string> AddressAsync()
    {
        var line = await _error.FirstAsync(AddressBefore).WaitAsync(TimeSpan.FromSeconds(60));
        return line[AddressBefore.Length..].Split(' ')[0];
    }

    /// <summary>Presses Ctrl+C.</summary>
    public void Interrupt() => _interrupt.Cancel();

    public void Dispose()
    {
        _interrupt.Cancel();
        Ended.Wait(TimeSpan.FromSeconds(60));
        Console.SetOut(_console.Output);
        Console.SetError(_console.Error);
        _interrupt.Dispose();
        _folder.Delete(recursive: true);
    }

    // Lines of the standard error, whichever thread writes them.
    private sealed class Listener : TextWriter
    {
        private readonly TaskCompletionSource<string> _found = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public override Encoding Encoding => Encoding.UTF8;

        public async Task<string> FirstAsync(string start)
        {
            var line = await _found.Task;
            return line.StartsWith(start, StringComparison.Ordinal) ? line : throw new InvalidOperationException(line);
        }

        public override void Write(char value)
        {
        }

        public override void WriteLine(string? value)
        {
            if (value?.StartsWith(AddressBefore, StringComparison.Ordinal) == true)
            {
                _found.TrySetResult(value);
            }
        }
    }
}
