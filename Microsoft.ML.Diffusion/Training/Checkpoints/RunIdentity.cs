using System.Text;
using System.Text.Json;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>All that decides the outcome of a run, by name: its options, its images and where its weights start.</summary>
internal sealed class RunIdentity
{
    private const int MaximumValues = 1_000;
    private const string PlanKey = "Plan";

    public RunIdentity(SortedDictionary<string, string> entries) => Entries = entries;

    public SortedDictionary<string, string> Entries { get; }

    /// <summary>The plan that the run goes by, as JSON; null without one. It decides nothing that the options it led to do not say.</summary>
    public string? Plan
    {
        get => Entries.GetValueOrDefault(PlanKey);
        init
        {
            if (value is not null)
            {
                Entries[PlanKey] = value;
            }
        }
    }

    /// <exception cref="FormatException">The text is none.</exception>
    public static RunIdentity FromJson(string json)
    {
        try
        {
            JsonSize.Check(Encoding.UTF8.GetBytes(json), MaximumValues);
            return new RunIdentity(new(JsonSerializer.Deserialize<Dictionary<string, string>>(json) ?? [], StringComparer.Ordinal));
        }
        catch (JsonException e)
        {
            throw new FormatException($"The identity of the run cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Checks that this, stored by an earlier run, is also that of the run at hand.</summary>
    /// <exception cref="InvalidOperationException">It is not; the message names what differs.</exception>
    public void CheckSame(RunIdentity now, string directory)
    {
        var differences = Entries.Keys.Union(now.Entries.Keys).Where(name => name != PlanKey).Order(StringComparer.Ordinal)
            .Select(name =>
                (Name: name, Was: Entries.GetValueOrDefault(name, "not there"), Is: now.Entries.GetValueOrDefault(name, "not there")))
            .Where(entry => entry.Was != entry.Is)
            .Select(entry => Difference(entry.Name, entry.Was, entry.Is))
            .ToList();
        if (differences.Count > 0)
        {
            throw OptionMessages.Of(
                $"{new OptionName(nameof(TrainingOptions.CheckpointDirectory))} '{directory}' holds another run: {OptionText.Join("; ", differences)}. Make these equal to resume it, or name another folder.",
                message => new InvalidOperationException(message));
        }
    }

    private static OptionText Difference(string name, string was, string now) => $"{new OptionName(name)} was {was}, is now {now}";
}
