using System.Text;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>The processes of one run, which decide alike because they decide by the same numbers; a run without any is alone, and asks nobody.</summary>
/// <remarks>
/// Until training starts, whatever they exchange begins with the question whether all are well: what one of them throws before is thrown by all. From then on a
/// process that throws what the others do not ends them (<see cref="Fail"/>).
/// </remarks>
internal sealed class RunGroup
{
    private Exception? _agreed;
    private bool _hasStarted;
    private bool _hasEnded;

    /// <param name="processes">The group; null, or one process, is alone.</param>
    public RunGroup(ProcessGroup? processes) => Processes = processes is { Size: > 1 } ? processes : null;

    /// <summary>A run of one process.</summary>
    public static RunGroup Alone { get; } = new(null);

    /// <summary>The group; null where the run is alone.</summary>
    public ProcessGroup? Processes { get; }

    /// <summary>Whether this process writes files and reports.</summary>
    public bool IsFirst => Rank == 0;

    /// <summary>The number of this process.</summary>
    public int Rank => Processes?.Rank ?? 0;

    /// <summary>The number of processes.</summary>
    public int Size => Processes?.Size ?? 1;

    /// <summary>A text of each process.</summary>
    public string[] Texts(string mine)
    {
        if (Processes is null)
        {
            return [mine];
        }

        Ask(null);
        return GatherTexts(mine);
    }

    /// <summary>What the first process finds, a text or null, which alone it computes.</summary>
    public string? OfFirst(Func<string?> find)
    {
        if (Processes is null)
        {
            return find();
        }

        var found = IsFirst ? find() : null;
        var texts = Texts(found is null ? "" : $"={found}"); // the others' are empty
        return texts[0].Length == 0 ? null : texts[0][1..];
    }

    /// <summary>Checks that all processes were given the same.</summary>
    /// <param name="entries">By name.</param>
    /// <exception cref="InvalidOperationException">They were not; the message names what differs.</exception>
    public void CheckSame(IReadOnlyDictionary<string, string> entries)
    {
        if (Processes is null)
        {
            return;
        }

        var names = entries.Keys.Order(StringComparer.Ordinal).ToList();
        var all = Texts(string.Join('\0', names.Select(name => entries[name]))).Select(text => text.Split('\0')).ToList();
        for (var rank = 1; rank < Size; rank++)
        {
            var differences =
                names.Index()
                    .Where(name => all[rank][name.Index] != all[0][name.Index])
                    .Select(name => Difference(name.Item, all[0][name.Index], all[rank][name.Index], rank))
                    .ToList();
            if (differences.Count > 0)
            {
                throw Agreed(
                    OptionMessages.Of(
                        $"The processes of a training must be given the same options and images: {OptionText.Join("; ", differences)}. Start all with the same program, arguments and files.",
                        message => new InvalidOperationException(message)));
            }
        }
    }

    /// <summary>Training starts, in all processes or in none.</summary>
    public void Start()
    {
        if (Processes is not null)
        {
            Ask(null);
            _hasStarted = true;
        }
    }

    /// <summary>Training is over: nothing more is exchanged, and what a process does from now on is its own affair.</summary>
    public void End() => _hasEnded = true;

    /// <summary>Marks what all processes throw at the same place, so that none ends the others.</summary>
    public T Agreed<T>(T exception)
        where T : Exception
    {
        _agreed = exception;
        return exception;
    }

    /// <summary>Whether all processes throw this.</summary>
    public bool IsAgreed(Exception exception) => ReferenceEquals(exception, _agreed);

    /// <summary>Tells the others that this process throws: before training starts they throw too; later they are ended.</summary>
    /// <param name="exception">What it throws.</param>
    /// <param name="log">Is told of it where processes are ended.</param>
    public void Fail(Exception exception, Action<string> log)
    {
        if (Processes is null || _hasEnded || IsAgreed(exception))
        {
            return;
        }

        if (!_hasStarted)
        {
            TellFailure(exception);
            return;
        }

        var reason = $"Rank {Rank} of {Size} failed and ends the training of all: {exception.GetType().Name}: {exception.Message}";
        log(reason);
        Processes.Abort(reason);
    }

    private static OptionText Difference(string name, string first, string other, int rank) =>
        $"{new OptionName(name)} is {first} in rank 0, {other} in rank {rank}";

    private void TellFailure(Exception exception)
    {
        try
        {
            Ask(exception);
        }
        catch (Exception)
        {
            // What this process throws says more.
        }
    }

    // Whether all are well: the first thing of every exchange before training.
    private void Ask(Exception? mine)
    {
        if (_hasStarted)
        {
            return;
        }

        var kind = mine switch { null => 0, OperationCanceledException => 1, _ => 2 };
        var kinds = Processes!.Gather([kind]);
        if (kinds.All(other => other == 0))
        {
            return;
        }

        var texts = GatherTexts(mine?.Message ?? "");
        var rank = Array.FindIndex(kinds, other => other != 0);
        var message = $"Rank {rank} of {Size} failed: {texts[rank]}";
        throw Agreed<Exception>(kinds.Contains(2) ? new InvalidOperationException(message) : new OperationCanceledException(message));
    }

    private string[] GatherTexts(string mine)
    {
        var bytes = Encoding.UTF8.GetBytes(mine);
        var lengths = Processes!.Gather([bytes.Length]);
        var longest = Math.Max(1, lengths.Max());
        Array.Resize(ref bytes, longest);
        var all = Processes.Gather<byte>(bytes);
        return [.. lengths.Select((length, rank) => Encoding.UTF8.GetString(all, rank * longest, length))];
    }
}
