using System.Text.Json;
using System.Text.Json.Serialization;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Shards;

/// <summary>What decides the images of a run, alike in all its shards.</summary>
/// <param name="ModelSha256">The digest of the model.</param>
/// <param name="Library">What generated: another version may round differently.</param>
/// <param name="Generation">Sampler, guidance and seed, as text.</param>
/// <param name="Classes">The classes that images are of in turn; <see langword="null"/> for none.</param>
/// <param name="Count">All images.</param>
/// <param name="Shards">The number of shards.</param>
internal sealed record ShardRun(string ModelSha256, string Library, string Generation, IReadOnlyList<string>? Classes, int Count, int Shards)
{
    /// <summary>Says in what another run differs; <see langword="null"/> if it is this one.</summary>
    public string? DifferenceTo(ShardRun other) =>
        ModelSha256 != other.ModelSha256 ? Texts("the SHA-256 of its model", ModelSha256, other.ModelSha256)
        : Library != other.Library ? Texts("its library", Library, other.Library)
        : Generation != other.Generation ? Texts("its generation", Generation, other.Generation)
        : Text(Classes) != Text(other.Classes) ? Texts("its list of classes", Text(Classes), Text(other.Classes))
        : Count != other.Count ? Texts("its number of images", $"{Count}", $"{other.Count}")
        : Shards != other.Shards ? Texts("its number of shards", $"{Shards}", $"{other.Shards}")
        : null;

    private static string Texts(string what, string here, string there) => $"{what} is '{there}', not '{here}'";

    private static string Text(IReadOnlyList<string>? classes) => classes is null ? "none" : string.Join(", ", classes);
}

/// <summary>A file of a shard.</summary>
/// <param name="Name">Its name in the folder.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its digest.</param>
internal sealed record ShardFile(string Name, long Bytes, string Sha256);

/// <summary>What a folder of a shard holds: written when all of it is there.</summary>
/// <param name="Content">What this is, for whoever finds it.</param>
/// <param name="Version">Rises when an older tool could not read it.</param>
/// <param name="Run">What the images depend on.</param>
/// <param name="Model">The name of the model's file, for the command that repeats a shard.</param>
/// <param name="Arguments">What was typed that decides images, for that command.</param>
/// <param name="Device">What computed: on another kind, rare pixels may differ by rounding.</param>
/// <param name="First">The number of the first image.</param>
/// <param name="Count">The images of this folder.</param>
/// <param name="Files">Them; empty while they are generated.</param>
internal sealed record ShardManifest(
    string Content,
    int Version,
    ShardRun Run,
    string Model,
    string Arguments,
    string Device,
    long First,
    int Count,
    IReadOnlyList<ShardFile> Files)
{
    public const string FileName = "manifest.json";
    public const string ShardContent = "images of a shard";
    public const int CurrentVersion = 1;

    private const int MostBytes = 1 << 24; // ten times what 10,000 images take

    /// <summary>Gets the images that it is of.</summary>
    [JsonIgnore]
    public ImageRange Range => new(First, Count);

    /// <summary>Writes it, whole or not at all.</summary>
    public void Write(string path) => WholeFile.WriteText(path, Json.Text(this));

    /// <summary>Reads one of anybody.</summary>
    /// <exception cref="FormatException">It is damaged, of a later version, or something else.</exception>
    public static ShardManifest Read(string path)
    {
        try
        {
            var manifest = new FileInfo(path).Length <= MostBytes
                ? Json.Read<ShardManifest>(File.ReadAllBytes(path))
                : throw new FormatException($"it has more than {MostBytes} bytes.");
            return manifest.Content == ShardContent && manifest.Version == CurrentVersion && manifest.Files.All(file => file is not null)
                ? manifest
                : throw new FormatException($"it is not of '{ShardContent}' in version {CurrentVersion}.");
        }
        catch (Exception exception) when (exception is JsonException or FormatException)
        {
            throw new FormatException($"The manifest '{path}' cannot be used: {exception.Message}", exception);
        }
    }
}
