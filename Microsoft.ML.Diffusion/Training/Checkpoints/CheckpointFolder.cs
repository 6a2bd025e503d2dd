using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>The checkpoints of one run, of which one process writes at a time.</summary>
internal sealed class CheckpointFolder : IDisposable
{
    private const string Pattern = "checkpoint-*.safetensors";

    private readonly string _path;
    private readonly int _keep;
    private readonly FileStream _lock;

    /// <exception cref="InvalidOperationException">The folder cannot be written to, or another run uses it.</exception>
    public CheckpointFolder(string path, int keep)
    {
        (_path, _keep) = (path, keep);
        try
        {
            Directory.CreateDirectory(path);
            _lock = new FileStream(
                Path.Combine(path, "lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None); // the system's: it goes with the process
            foreach (var unfinished in Directory.EnumerateFiles(path, $".{Pattern}.*{AtomicFile.Suffix}"))
            {
                File.Delete(unfinished);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _lock?.Dispose();
            throw new InvalidOperationException(
                $"CheckpointDirectory '{path}' cannot be used ({e.Message}). One run at a time may use a folder, which it must be able to write to.",
                e);
        }
    }

    /// <summary>Opens the newest checkpoint that is whole; null if there is none.</summary>
    /// <param name="warn">Is told of those passed over.</param>
    public Checkpoint? OpenNewest(Action<string> warn)
    {
        foreach (var file in Files())
        {
            try
            {
                return Checkpoint.Open(file);
            }
            catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
            {
                warn($"Checkpoint {file} is damaged and passed over: {e.Message}");
            }
        }

        return null;
    }

    /// <summary>Writes a checkpoint, and only then deletes those that are now too many.</summary>
    public void Save(CheckpointState state, RunIdentity identity, IReadOnlyList<(string Name, Tensor Value)> tensors)
    {
        var file = Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"checkpoint-{state.Step:D10}.safetensors"));
        Checkpoint.Write(file, state, identity, tensors);
        foreach (var old in Files().Where(other => string.CompareOrdinal(other, file) <= 0).Skip(_keep))
        {
            File.Delete(old);
        }
    }

    public void Dispose() => _lock.Dispose();

    // Newest first: all steps have ten digits.
    private string[] Files() =>
        [.. Directory.EnumerateFiles(_path, Pattern)
            .Where(file => file.EndsWith(".safetensors", StringComparison.Ordinal))
            .OrderDescending(StringComparer.Ordinal)];
}
