using Microsoft.ML.Diffusion.DiffusionProcess;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>What files call the values of an enumeration; diffusers' names where it has them.</summary>
internal sealed class FileNames<T>(params (T Value, string Name)[] entries)
    where T : struct, Enum
{
    public string this[T value] =>
        Array.Find(entries, entry => EqualityComparer<T>.Default.Equals(entry.Value, value)).Name
            ?? throw new NotSupportedException($"A value of {typeof(T).Name} has no name in files.");

    /// <summary>The value of a name; null if it is none.</summary>
    public T? Find(string name) =>
        Array.FindIndex(entries, entry => entry.Name == name) is var index and >= 0 ? entries[index].Value : null;
}

/// <summary>The names of each enumeration that is in files.</summary>
internal static class FileNames
{
    public static FileNames<PredictionType> Predictions { get; } =
        new((PredictionType.Epsilon, "epsilon"), (PredictionType.Sample, "sample"), (PredictionType.VPrediction, "v_prediction"));

    public static FileNames<ModelVariance> ModelVariances { get; } =
        new((ModelVariance.Fixed, "fixed"), (ModelVariance.LearnedRange, "learned_range"));

    public static FileNames<DdpmVariance> StepVariances { get; } =
        new((DdpmVariance.FixedSmall, "fixed_small"), (DdpmVariance.FixedLarge, "fixed_large"), (DdpmVariance.Learned, "learned_range"));

    public static FileNames<ClippingKind> Clippings { get; } =
        new((ClippingKind.None, "none"), (ClippingKind.Static, "static"), (ClippingKind.Dynamic, "dynamic"));

    public static FileNames<InversionLevel> InversionLevels { get; } =
        new((InversionLevel.Lower, "lower"), (InversionLevel.Upper, "upper"));
}
