using System.Text;
using System.Text.Json;
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
    /// <param name="what">What it is about. All exchanges have one form, so that processes which do not do the same notice it rather than wait for ever.</param>
    /// <param name="mine">That of this one.</param>
    /// <exception cref="InvalidOperationException">Another process tells of something else.</exception>
    public string[] Texts(string what, string mine)
    {
        if (Processes is null)
        {
            return [mine];
        }

        Ask(null);
        var texts = GatherTexts($"{what}\n{mine}").Select(text => text.Split('\n', 2)).ToArray();
        if (Array.FindIndex(texts, text => text[0] != texts[0][0]) is > 0 and var rank)
        {
            throw Agreed(
                new InvalidOperationException(
                    $"Rank {rank} is about to exchange {texts[rank][0]}, rank 0 {texts[0][0]}. All processes of a training must call Fit with the same arguments."));
        }

        return [.. texts.Select(text => text[1])];
    }

    /// <summary>What the first process finds, a text or null, which alone it computes.</summary>
    /// <param name="what">What it is about.</param>
    /// <param name="find">Finds it.</param>
    public string? OfFirst(string what, Func<string?> find)
    {
        if (Processes is null)
        {
            return find();
        }

        var found = IsFirst ? find() : null;
        var texts = Texts(what, found is null ? "" : $"={found}"); // the others' are empty
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

        var all = Texts("options", JsonSerializer.Serialize(entries)).Select(Entries).ToList();
        for (var rank = 1; rank < Size; rank++)
        {
            var differences =
                all[0].Keys.Union(all[rank].Keys)
                    .Order(StringComparer.Ordinal)
                    .Select(name => (Name: name, First: Entry(all[0], name), Other: Entry(all[rank], name)))
                    .Where(entry => entry.First != entry.Other)
                    .Select(entry => Difference(entry.Name, entry.First, entry.Other, rank))
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

    private static Dictionary<string, string> Entries(string json) => JsonSerializer.Deserialize<Dictionary<string, string>>(json)!;

    private static string Entry(Dictionary<string, string> entries, string name) => entries.GetValueOrDefault(name, "not there");

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
