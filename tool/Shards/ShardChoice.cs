using System.Globalization;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Shards;

/// <summary>Which of how many shards a process makes: as typed, or as the scheduler tells it that started it.</summary>
/// <param name="Number">From 0.</param>
/// <param name="Count">How many there are.</param>
internal readonly record struct ShardChoice(int Number, int Count)
{
    /// <summary>The option that it is typed with.</summary>
    public const string OptionName = "--shard";

    private const string Automatic = "auto";
    private const string SlurmNumber = "SLURM_ARRAY_TASK_ID";
    private const string SlurmFirst = "SLURM_ARRAY_TASK_MIN";
    private const string SlurmLast = "SLURM_ARRAY_TASK_MAX";
    private const string SlurmCount = "SLURM_ARRAY_TASK_COUNT";
    private const string KubernetesNumber = "JOB_COMPLETION_INDEX";

    /// <summary>Finds the shard.</summary>
    /// <param name="typed">The value of the option; <see langword="null"/> if it has none.</param>
    /// <param name="variable">Gives variables of the environment; empty ones are none.</param>
    /// <exception cref="UsageException">What was typed is no shard, or the environment has none that fits.</exception>
    public static ShardChoice Of(string? typed, Func<string, string?> variable)
    {
        var text = typed ?? Automatic;
        return text.Split('/') switch
        {
            [Automatic] => OfArray(variable),
            [Automatic, var count] when Whole(count) is { } shards => Checked(NumberOf(variable), shards, text),
            [var number, var count] when Whole(number) is { } shard && Whole(count) is { } shards => Checked((shard, text), shards, text),
            _ => throw new UsageException(
                $"{OptionName} must be I/N, such as 0/4 for the first of four, auto or auto/N, but is '{text}'."),
        };
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Number}/{Count}");

    // The number that a scheduler gave, and the variable that says it.
    private static (int Number, string Source) NumberOf(Func<string, string?> variable)
    {
        var (slurm, kubernetes) = (Given(variable, SlurmNumber), Given(variable, KubernetesNumber));
        return (slurm, kubernetes) switch
        {
            ({ } number, null) => (number, SlurmNumber),
            (null, { } number) => (number, KubernetesNumber),
            (null, null) => throw new UsageException(
                $"{OptionName} {Automatic} takes the number of a task of {SlurmNumber} or {KubernetesNumber}, but neither is set: this process is of no job array. Give it as I/N."),
            _ => throw new UsageException(
                $"{OptionName} {Automatic} takes the number of a task of {SlurmNumber} or {KubernetesNumber}, but both are set. Give it as I/N."),
        };
    }

    private static ShardChoice OfArray(Func<string, string?> variable)
    {
        var (number, source) = NumberOf(variable);
        if (source == KubernetesNumber)
        {
            throw new UsageException(
                $"{OptionName} {Automatic} cannot tell the number of shards, because {KubernetesNumber} comes without one. Give it as {Automatic}/N, with the completions of the Job as N.");
        }

        var (first, last, count) = (Given(variable, SlurmFirst), Given(variable, SlurmLast), Given(variable, SlurmCount));
        return first is { } minimum && last is { } maximum && count is { } tasks && maximum - minimum + 1L == tasks
            ? Checked((number - minimum, source), tasks, Automatic)
            : throw new UsageException(
                $"{OptionName} {Automatic} needs an array of tasks that follow each other, because it takes the number of shards of {SlurmFirst}, {SlurmLast} and {SlurmCount}, but they are {Shown(first)}, {Shown(last)} and {Shown(count)}. To repeat some tasks of N, counted from 0, give it as {Automatic}/N.");
    }

    private static ShardChoice Checked((int Number, string Source) shard, int count, string text) =>
        count > 0 && shard.Number >= 0 && shard.Number < count
            ? new ShardChoice(shard.Number, count)
            : throw new UsageException(
                $"{OptionName} must be from 0/{count} to {count - 1}/{count} for {count} shards, but is {(shard.Source == text ? $"'{text}'" : $"{shard.Number} by {shard.Source}")}. Count tasks from 0.");

    private static int? Given(Func<string, string?> variable, string name)
    {
        var text = variable(name);
        return string.IsNullOrEmpty(text) ? null
            : Whole(text) ?? throw new UsageException($"{name} must be a whole number of at least 0, but is '{text}'. Give {OptionName} as I/N.");
    }

    private static int? Whole(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static string Shown(int? number) => number?.ToString(CultureInfo.InvariantCulture) ?? "not set";
}
