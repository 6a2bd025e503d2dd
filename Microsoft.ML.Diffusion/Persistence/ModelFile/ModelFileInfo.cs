using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>What a model file holds, found without running or loading any of it.</summary>
public sealed class ModelFileInfo
{
    internal ModelFileInfo(
        int formatVersion,
        string library,
        string description,
        TrainingSummary? training,
        IReadOnlyList<ModelFileEntry> entries,
        IReadOnlyList<string> assemblies,
        IReadOnlyList<string> loaders,
        IReadOnlyList<string> untrusted,
        bool hashesMatch,
        int? streamsVersion)
    {
        FormatVersion = formatVersion;
        Library = library;
        Description = description;
        Training = training;
        Entries = entries;
        Assemblies = assemblies;
        Loaders = loaders;
        Untrusted = untrusted;
        HashesMatch = hashesMatch;
        StreamsVersion = streamsVersion;
    }

    /// <summary>Gets the version of the format, from 1; docs/model-format.md has the list.</summary>
    public int FormatVersion { get; }

    /// <summary>Gets the library that wrote the file and its version.</summary>
    public string Library { get; }

    /// <summary>Gets the model in words: its images, network, schedule and prediction.</summary>
    public string Description { get; }

    /// <summary>Gets how the model was trained; <see langword="null"/> if the file does not say.</summary>
    public TrainingSummary? Training { get; }

    /// <summary>Gets all entries of the zip.</summary>
    public IReadOnlyList<ModelFileEntry> Entries { get; }

    /// <summary>Gets the full names of the assemblies that ML.NET would load for the file, in order.</summary>
    public IReadOnlyList<string> Assemblies { get; }

    /// <summary>Gets the names of ML.NET's loaders that the file asks for, as it spells them, in order.</summary>
    public IReadOnlyList<string> Loaders { get; }

    /// <summary>Gets what the file asks for that <see cref="DiffusionCatalog.LoadModel"/> refuses, in words: loaders and assemblies.</summary>
    /// <value>Empty for a file that it loads, if <see cref="HashesMatch"/>.</value>
    public IReadOnlyList<string> Untrusted { get; }

    /// <summary>Gets a value indicating whether every tensor of the weights matches its SHA-256.</summary>
    public bool HashesMatch { get; }

    /// <summary>Gets the version of the random numbers that the model's seeds generate their images by.</summary>
    /// <value>
    /// From 1; <see langword="null"/> in formats 1 and 2, whose seeds generate other images now than when they were saved. docs/long-runs.md says
    /// what seeds promise.
    /// </value>
    public int? StreamsVersion { get; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}

/// <summary>An entry of a model file.</summary>
public sealed class ModelFileEntry
{
    internal ModelFileEntry(string name, long bytes, long compressedBytes) =>
        (Name, Bytes, CompressedBytes) = (name, bytes, compressedBytes);

    /// <summary>Gets the path inside the zip.</summary>
    public string Name { get; }

    /// <summary>Gets the size.</summary>
    public long Bytes { get; }

    /// <summary>Gets the bytes of the file that the entry takes.</summary>
    public long CompressedBytes { get; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);
}
