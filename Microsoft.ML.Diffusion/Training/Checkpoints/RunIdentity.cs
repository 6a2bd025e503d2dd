using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.ModelFile;

namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>All that decides the outcome of a run, by name: its options, its images and where its weights start.</summary>
internal sealed class RunIdentity
{
    private static readonly JsonSerializerOptions _json = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, Converters = { new JsonStringEnumConverter() } };

    // What changes no weight. All else does, so that an option that is new decides until it is named here.
    private static readonly string[] _undecisive =
    [
        nameof(TrainingOptions.Progress),
        nameof(TrainingOptions.ReportEverySteps),
        nameof(TrainingOptions.CancellationToken),
        nameof(TrainingOptions.ReturnModelOnCancellation),
        nameof(TrainingOptions.MaximumConsecutiveSkippedSteps),
        nameof(TrainingOptions.MaximumImageMemory),
        nameof(TrainingOptions.SampleGrid),
        nameof(TrainingOptions.CheckpointDirectory),
        nameof(TrainingOptions.CheckpointEverySteps),
        nameof(TrainingOptions.KeepCheckpoints),
    ];

    // At a constant rate they decide only when to stop: a run may be made longer.
    private static readonly string[] _budgets =
    [
        nameof(TrainingOptions.NumberOfSteps),
        nameof(TrainingOptions.NumberOfEpochs),
        nameof(TrainingOptions.NumberOfImages),
        nameof(TrainingOptions.Duration),
    ];

    private RunIdentity(SortedDictionary<string, string> entries) => Entries = entries;

    public SortedDictionary<string, string> Entries { get; }

    public static RunIdentity Of(ModelDescription model, TrainingOptions options, long seed, TrainingSet images, TrainingSet? validation, string start)
    {
        var entries = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["Images"] = Describe(images),
            ["Network"] = Text(model.Network),
            ["Schedule"] = Text(ModelConfigMapping.ToSchedulerConfig(model)),
            ["ClassNames"] = Text(model.ClassNames),
            ["Seed"] = Text(seed),
            ["Starting weights"] = start,
            ["Validation images"] = validation is null ? "none" : Describe(validation),
        };
        foreach (var property in typeof(TrainingOptions).GetProperties())
        {
            var decides = !_undecisive.Contains(property.Name)
                && !(options.LearningRateSchedule == LearningRateSchedule.Constant && _budgets.Contains(property.Name))
                && !(validation is null && property.Name == nameof(TrainingOptions.Validation));
            if (decides)
            {
                entries.Add(property.Name, Text(property.GetValue(options)));
            }
        }

        return new RunIdentity(entries);
    }

    /// <exception cref="FormatException">The text is none.</exception>
    public static RunIdentity FromJson(string json)
    {
        try
        {
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
        var differences = Entries.Keys.Union(now.Entries.Keys).Order(StringComparer.Ordinal)
            .Select(name => (Name: name, Was: Entries.GetValueOrDefault(name, "not there"), Is: now.Entries.GetValueOrDefault(name, "not there")))
            .Where(entry => entry.Was != entry.Is)
            .Select(entry => $"{entry.Name} was {entry.Was}, is now {entry.Is}")
            .ToList();
        if (differences.Count > 0)
        {
            throw new InvalidOperationException($"CheckpointDirectory '{directory}' holds another run: {string.Join("; ", differences)}. Make these equal to resume it, or name another folder.");
        }
    }

    private static string Describe(TrainingSet images) => $"{images.Count} of {images.Shape} with SHA-256 {images.Digest()}";

    private static string Text<T>(T value) => JsonSerializer.Serialize(value, _json);
}
