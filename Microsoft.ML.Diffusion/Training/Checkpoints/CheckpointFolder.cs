using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>The checkpoints of one run, of which one process writes at a time.</summary>
internal sealed class CheckpointFolder : IDisposable
{
    private const string Pattern = "checkpoint-*.safetensors";

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);

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
            _lock = Lock(Path.Combine(path, "lock"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _lock?.Dispose();
            throw OptionMessages.Of(
                $"{new OptionName(nameof(TrainingOptions.CheckpointDirectory))} '{path}' cannot be used ({e.Message}). One run at a time may use a folder, which it must be able to write to.",
                message => new InvalidOperationException(message, e));
        }
    }

    // The system's lock: it goes with the process, and one that was killed may take a moment to go.
    private static FileStream Lock(string path)
    {
        for (var start = Stopwatch.GetTimestamp(); ;)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (File.Exists(path) && Stopwatch.GetElapsedTime(start) < _patience)
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>Opens the newest checkpoint that is whole; null if there are none at all.</summary>
    /// <param name="warn">Is told of damaged ones that are passed over.</param>
    /// <exception cref="InvalidOperationException">
    /// One cannot be read, or none is whole: to start anew would write over what somebody may still want. Nothing has been changed.
    /// </exception>
    public Checkpoint? OpenNewest(Action<string> warn)
    {
        var damaged = new List<(string File, string Reason)>();
        foreach (var file in Files())
        {
            try
            {
                var newest = Checkpoint.Open(file);
                damaged.ForEach(one => warn($"Checkpoint {one.File} is damaged and passed over: {one.Reason}"));
                return newest;
            }
            catch (FormatException e)
            {
                damaged.Add((file, e.Message));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw OptionMessages.Of(
                    $"Checkpoint {file} cannot be read ({e.Message}), so it is not known how far the run came. Nothing was changed. Make it readable, or delete it to go on from the one before it; or name another {new OptionName(nameof(TrainingOptions.CheckpointDirectory))} to train anew.",
                    message => new InvalidOperationException(message, e));
            }
        }

        return damaged is [var (path, reason), ..]
            ? throw OptionMessages.Of(
                $"{new OptionName(nameof(TrainingOptions.CheckpointDirectory))} '{_path}' holds no checkpoint that is whole: the newest, {Path.GetFileName(path)}, is damaged ({reason}){(damaged.Count > 1 ? $", and so are the {damaged.Count - 1} before it" : "")}. Nothing was changed. Bring one back from a copy; or delete them, or name another folder, to train anew.",
                message => new InvalidOperationException(message))
            : null;
    }

    /// <summary>Writes a checkpoint, and only then deletes those that are now too many.</summary>
    public void Save(CheckpointState state, RunIdentity identity, IReadOnlyList<CheckpointNumbers> tensors)
    {
        DeleteUnfinished();
        var file = Path.Combine(_path, string.Create(CultureInfo.InvariantCulture, $"checkpoint-{state.Step:D10}.safetensors"));
        Checkpoint.Write(file, state, identity, tensors);
        foreach (var old in Files().Where(other => string.CompareOrdinal(other, file) <= 0).Skip(_keep))
        {
            File.Delete(old);
        }
    }

    public void Dispose() => _lock.Dispose();

    // What a killed process left of other steps; of this one, writing it deletes.
    private void DeleteUnfinished()
    {
        foreach (var unfinished in Directory.EnumerateFiles(_path, $".{Pattern}.*{AtomicFile.Suffix}"))
        {
            File.Delete(unfinished);
        }
    }

    // Newest first: all steps have ten digits.
    private string[] Files() =>
        [.. Directory.EnumerateFiles(_path, Pattern)
            .Where(file => file.EndsWith(".safetensors", StringComparison.Ordinal))
            .OrderDescending(StringComparer.Ordinal)];
}
