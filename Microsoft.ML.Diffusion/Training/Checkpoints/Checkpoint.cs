using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>A file that holds all that a run needs to go on: safetensors, with the run's state and identity as its free text.</summary>
internal sealed class Checkpoint : IDisposable
{
    private const int Version = 2;
    private const string VersionKey = "checkpoint_version";
    private const string StreamsKey = "streams_version";
    private const string StateKey = "state";
    private const string IdentityKey = "identity";
    private const string DigestKey = "sha256";

    private readonly SafetensorsFile _file;

    private Checkpoint(
        SafetensorsFile file,
        CheckpointState state,
        RunIdentity identity) => (_file, State, Identity) = (file, state, identity);

    public CheckpointState State { get; }

    public RunIdentity Identity { get; }

    public static void Write(string path, CheckpointState state, RunIdentity identity, IReadOnlyList<CheckpointNumbers> tensors)
    {
        var metadata = new Dictionary<string, string>
        {
            [VersionKey] = Version.ToString(CultureInfo.InvariantCulture),
            [StreamsKey] = RandomStreams.Version.ToString(CultureInfo.InvariantCulture),
            [StateKey] = state.ToJson(),
            [IdentityKey] = JsonSerializer.Serialize(identity.Entries),
        };
        metadata[DigestKey] =
            Digest(metadata, tensors.Select(tensor => (tensor.Name, TensorDigest(hash => tensor.Content(hash)))));

        var writer = new SafetensorsWriter(metadata);
        foreach (var (name, type, shape, content) in tensors)
        {
            writer.Add(name, type, shape, content);
        }

        AtomicFile.Write(path, writer.WriteTo);
    }

    /// <summary>Opens a checkpoint, all of it read and compared with its digest.</summary>
    /// <exception cref="FormatException">It is damaged, or no checkpoint.</exception>
    /// <exception cref="InvalidOperationException">Another version of the library wrote it, which drew other random numbers.</exception>
    public static Checkpoint Open(string path)
    {
        var file = SafetensorsFile.Open(path);
        try
        {
            var metadata = file.Metadata;
            if (!metadata.ContainsKey(VersionKey))
            {
                throw new FormatException("it is no checkpoint.");
            }

            var digest = Digest(metadata, file.Tensors.Select(tensor => (tensor.Name, TensorDigest(hash =>
            {
                foreach (var segment in tensor.Data)
                {
                    hash(segment.Span);
                }
            }))));
            if (metadata.GetValueOrDefault(DigestKey) != digest)
            {
                throw new FormatException("its bytes do not match its SHA-256.");
            }

            CheckVersions(
                path,
                Number(metadata, VersionKey),
                Number(metadata, StreamsKey)); // once it is known to be whole: a damaged one is passed over

            return new Checkpoint(file, CheckpointState.FromJson(metadata[StateKey]), RunIdentity.FromJson(metadata[IdentityKey]));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Copies stored numbers.</summary>
    /// <exception cref="FormatException">They are of another type, or of another number.</exception>
    public void CopyTo<T>(string name, Span<T> numbers)
        where T : unmanaged => NumberBytes.Write(_file[name], numbers);

    public bool Contains(string name) => _file.TryGetTensor(name, out _);

    public void Dispose() => _file.Dispose();

    // To pass such a file over would train anew, and nobody would notice that hours of work are lost.
    internal static void CheckVersions(string path, int version, int streams)
    {
        if ((version, streams) != (Version, RandomStreams.Version))
        {
            var isLater = version > Version || streams > RandomStreams.Version;
            throw OptionMessages.Of(
                $"{new OptionName(nameof(TrainingOptions.CheckpointDirectory))} '{Path.GetDirectoryName(path)}' holds a run that {(isLater ? "a later" : "an earlier")} version of Microsoft.ML.Diffusion began, with other random numbers than this one draws ({Path.GetFileName(path)}): it cannot end here as it would have there. {(isLater ? "Update the package" : "Finish it with the version that began it")}, or name another folder to train anew.",
                message => new InvalidOperationException(message));
        }
    }

    // 0 where there is none: the first checkpoints did not say which random numbers theirs were.
    private static int Number(IReadOnlyDictionary<string, string> metadata, string key) =>
        !metadata.TryGetValue(key, out var text) ? 0
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new FormatException($"its {key} is no number.");

    private static string TensorDigest(Action<Action<ReadOnlySpan<byte>>> read)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        read(hash.AppendData);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    // Of all text but the digest itself, and of every tensor, whatever the order in the file.
    private static string Digest(IReadOnlyDictionary<string, string> metadata, IEnumerable<(string Name, string Digest)> tensors)
    {
        var parts = metadata.Where(entry => entry.Key != DigestKey).Select(entry => (entry.Key, entry.Value)).Concat(tensors);
        return Convert.ToHexStringLower(
            SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts.OrderBy(part => part.Item1, StringComparer.Ordinal)))));
    }
}
