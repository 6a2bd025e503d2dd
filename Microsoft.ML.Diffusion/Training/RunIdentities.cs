using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>Says which run one is: by all that decides its weights.</summary>
internal static class RunIdentities
{
    private static readonly JsonSerializerOptions _json =
        new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals, Converters = { new JsonStringEnumConverter() } };

    // What changes no weight. All else does, so that an option that is new decides until it is named here.
    private static readonly string[] _undecisive =
    [
        nameof(TrainingOptions.Progress),
        nameof(TrainingOptions.ReportEverySteps),
        nameof(TrainingOptions.CancellationToken),
        nameof(TrainingOptions.ReturnModelOnCancellation),
        nameof(TrainingOptions.Pause),
        nameof(TrainingOptions.MaximumConsecutiveSkippedSteps),
        nameof(TrainingOptions.MaximumImageMemory),
        nameof(TrainingOptions.SampleGrid),
        nameof(TrainingOptions.ModelFile),
        nameof(TrainingOptions.ModelFileEveryFraction),
        nameof(TrainingOptions.CheckpointDirectory),
        nameof(TrainingOptions.CheckpointEverySteps),
        nameof(TrainingOptions.KeepCheckpoints),
        nameof(TrainingOptions.Processes),
        nameof(TrainingOptions.GradientSliceMegabytes),
    ];

    // What decides none of the weights, but must be alike in all processes of a run: when they end, and in which order they tell each other what.
    private static readonly string[] _common =
    [
        nameof(TrainingOptions.MaximumConsecutiveSkippedSteps),
        nameof(TrainingOptions.GradientSliceMegabytes),
        nameof(TrainingOptions.CheckpointEverySteps),
    ];

    // At a constant rate they decide only when to stop: a run may be made longer.
    private static readonly string[] _budgets =
    [
        nameof(TrainingOptions.NumberOfSteps),
        nameof(TrainingOptions.NumberOfEpochs),
        nameof(TrainingOptions.NumberOfImages),
        nameof(TrainingOptions.Duration),
    ];

    public static RunIdentity Of(
        ModelDescription model,
        TrainingOptions options,
        string? plan,
        long seed,
        TrainingSet images,
        TrainingSet? validation,
        string start,
        string? teacher = null)
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
        if (teacher is not null)
        {
            entries.Add("Teacher", teacher); // its weights are the starting weights
        }

        foreach (var property in typeof(TrainingOptions).GetProperties())
        {
            var decides = !_undecisive.Contains(property.Name)
                && !(options.LearningRateSchedule == LearningRateSchedule.Constant && _budgets.Contains(property.Name))
                && !(validation is null && property.Name == nameof(TrainingOptions.Validation))
                && !(options.SnrWeights is null or { Power: 1 } && property.Name == nameof(TrainingOptions.MinimumSnrPower)); // as of old
            if (decides)
            {
                entries.Add(property.Name, Text(property.GetValue(options)));
            }
        }

        return new RunIdentity(entries) { Plan = plan };
    }

    /// <summary>All that must be the same in every process of a run, by name.</summary>
    /// <param name="identity">The run.</param>
    /// <param name="options">How it is trained.</param>
    /// <param name="others">What else.</param>
    public static IReadOnlyDictionary<string, string> OfProcess(
        RunIdentity identity,
        TrainingOptions options,
        params IEnumerable<(string Name, string Value)> others)
    {
        var entries = new SortedDictionary<string, string>(identity.Entries, StringComparer.Ordinal);
        foreach (var name in _budgets.Concat(_common))
        {
            entries[name] = Text(typeof(TrainingOptions).GetProperty(name)!.GetValue(options));
        }

        foreach (var (name, value) in others)
        {
            entries[name] = value;
        }

        return entries;
    }

    /// <summary>SHA-256 of the weights that a run starts from.</summary>
    public static string Digest(NetworkWeights weights)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var weight in weights.Plan.Weights)
        {
            hash.AppendData(MemoryMarshal.AsBytes(weights[weight]));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string Describe(TrainingSet images) => $"{images.Count} of {images.Shape} with SHA-256 {images.Digest()}";

    private static string Text<T>(T value) => JsonSerializer.Serialize(value, _json);
}
