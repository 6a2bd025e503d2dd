using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>Reads a model zip as data: nothing in it is run, unpacked, or made into a network.</summary>
internal static class ModelInspector
{
    private const int MaximumHeaderBytes = 2 << 20;
    private const string LowerHeaderEntry = "model.key";
    private const string OldStreamEntry = "model.bin";

    /// <summary>Checks all of a zip; what is damaged is refused, what is only suspect is reported.</summary>
    /// <exception cref="FormatException">It is damaged, made to do harm, or holds no diffusion model.</exception>
    public static (ModelFileInfo Inspection, string? Untrusted, string? Mismatch) Inspect(Stream stream)
    {
        using var archive = ModelArchive.Open(stream);
        var headers = ReadHeaders(archive);
        var models = headers.Where(header => IsModel(header.Value)).ToList();
        if (models.Count != 1)
        {
            throw new FormatException($"it holds {models.Count} diffusion models, expected 1.");
        }

        var folder = models[0].Key[..^MachineLearningHeader.Entry.Length];
        var config =
            ModelConfig.FromJson(
                ReadAll(archive, folder + ModelZip.ConfigEntry, ModelZip.MaximumConfigBytes),
                ReadOptional(archive, folder + ModelZip.RunEntry, ModelZip.MaximumRunBytes));
        var description = ModelConfigMapping.ToDescription(config);
        SamplerConfigMapping.ToOptions(config.Sampler, description);
        string[] untrusted = [.. headers.Select(header => header.Value.Untrusted(header.Key)).OfType<string>().Distinct()];
        var buffer = new byte[1 << 16];
        var mismatch = config.Weights.Select(file => Mismatch(archive, folder, file, buffer)).FirstOrDefault(reason => reason is not null);

        return (new ModelFileInfo(
            config.FormatVersion,
            config.Library,
            description.ToString(),
            config.Training,
            [.. archive.Entries.Select(entry => new ModelFileEntry(entry.FullName, entry.Length, entry.CompressedLength))],
            [.. headers.Values.Select(header => header.Assembly).Where(name => name.Length > 0).Distinct().Order(StringComparer.Ordinal)],
            [.. headers.Values.SelectMany(header => header.Loaders).Distinct().Order(StringComparer.Ordinal)],
            untrusted,
            mismatch is null,
            config.StreamsVersion), untrusted.FirstOrDefault(), mismatch);
    }

    /// <summary>Checks that a zip that was just written is within the limits of those that are read, but for what it asks for.</summary>
    /// <param name="stream">The whole file; where it stands does not matter.</param>
    /// <exception cref="InvalidOperationException">It is not.</exception>
    public static void CheckLimits(Stream stream)
    {
        try
        {
            using var archive = ModelArchive.Open(stream);
            CheckLength(archive.Find(SchemaCheck.Entry), SchemaCheck.MaximumBytes);
        }
        catch (FormatException exception)
        {
            throw new InvalidOperationException(
                $"The pipeline is not saved, because LoadModel would refuse the file: {exception.Message}",
                exception);
        }
    }

    /// <summary>Reads the input schema; null if the model was saved without.</summary>
    public static byte[]? ReadSchema(Stream stream)
    {
        using var archive = ModelArchive.Open(stream);
        return ReadOptional(archive, SchemaCheck.Entry, SchemaCheck.MaximumBytes);
    }

    // Every entry is read once here, to its end: its length and its checksum are right.
    private static SortedDictionary<string, MachineLearningHeader> ReadHeaders(ModelArchive archive)
    {
        var headers = new SortedDictionary<string, MachineLearningHeader>(StringComparer.Ordinal);
        foreach (var entry in archive.Entries)
        {
            using var content = ModelArchive.Read(entry);
            if (entry.Name == MachineLearningHeader.Entry)
            {
                headers.Add(entry.FullName, MachineLearningHeader.Read(content, entry.FullName));
                continue;
            }

            // In any case, since ML.NET finds what it has unpacked before by names without case.
            if (entry.Name.ToLowerInvariant() is OldStreamEntry or LowerHeaderEntry)
            {
                throw new FormatException(
                    $"the entry {SafetensorsEntry.Quote(entry.FullName)} is of a form that ML.NET wrote before version 1, or of none, and cannot be checked.");
            }

            content.Drain();
        }

        return headers;
    }

    // The first loader that ML.NET knows is the one that reads.
    private static bool IsModel(MachineLearningHeader header) =>
        header.Loaders.FirstOrDefault() is { } first
            && TrustedLoaders.Normalize(first) == TrustedLoaders.Normalize(ModelZip.LoaderSignature);

    private static string? Mismatch(ModelArchive archive, string folder, WeightFileConfig file, byte[] buffer)
    {
        if (archive.Find(folder + file.File) is not { } entry || entry.Length != file.Bytes)
        {
            return $"{file.File} is missing or has another length than the {file.Bytes} bytes in config.json.";
        }

        if (file.FileSha256 is { } whole)
        {
            using var all = ModelArchive.Read(entry);
            if (whole != Digest(all, entry.Length, buffer))
            {
                return $"the bytes of {file.File} do not match their SHA-256 in config.json.";
            }
        }

        using var content = ModelArchive.Read(entry);
        var length = new byte[SafetensorsHeader.LengthBytes];
        content.ReadAtLeast(length, length.Length, throwOnEndOfStream: false);
        var headerLength = SafetensorsHeader.ReadLength(length, MaximumHeaderBytes);
        if (headerLength > entry.Length - length.Length)
        {
            return $"{file.File} ends inside its header.";
        }

        var json = new byte[headerLength];
        content.ReadExactly(json);
        var header = SafetensorsHeader.Parse(json);
        if (header.DataLength != entry.Length - length.Length - headerLength || header.Entries.Count != file.Sha256.Count)
        {
            return $"{file.File} does not hold the tensors in config.json.";
        }

        return header.Entries.Where(
            tensor => !file.Sha256.TryGetValue(tensor.Name, out var digest) || digest != Digest(content, tensor.End - tensor.Begin, buffer))
            .Select(tensor =>
                $"{file.File}: the bytes of {SafetensorsEntry.Quote(tensor.Name)} do not match their SHA-256 in config.json.").FirstOrDefault();
    }

    private static string Digest(Stream content, long count, byte[] buffer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        while (count > 0)
        {
            var piece = buffer.AsSpan(0, (int)Math.Min(count, buffer.Length));
            content.ReadExactly(piece);
            hash.AppendData(piece);
            count -= piece.Length;
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static byte[]? ReadOptional(ModelArchive archive, string name, int maximumBytes) =>
        archive.Find(name) is null ? null : ReadAll(archive, name, maximumBytes);

    private static void CheckLength(ZipArchiveEntry? entry, int maximumBytes)
    {
        if (entry?.Length > maximumBytes)
        {
            throw new FormatException($"the entry {entry.FullName} has {entry.Length} bytes, above the limit of {maximumBytes}.");
        }
    }

    private static byte[] ReadAll(ModelArchive archive, string name, int maximumBytes)
    {
        var entry = archive.Find(name) ?? throw new FormatException($"it has no entry {name}.");
        CheckLength(entry, maximumBytes);
        using var content = ModelArchive.Read(entry);
        var bytes = new byte[entry.Length];
        content.ReadExactly(bytes);
        content.Drain();
        return bytes;
    }
}
