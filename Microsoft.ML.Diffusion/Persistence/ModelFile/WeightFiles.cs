using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>A network's weights as .safetensors files small enough for a zip entry, with a digest of each tensor.</summary>
internal static partial class WeightFiles
{
    // ML.NET limits an entry to about 1 GiB.
    private const long MaximumBytes = 512L << 20;

    /// <summary>Splits the weights into files: their descriptions, and how to write each.</summary>
    public static IReadOnlyList<(WeightFileConfig Description, byte[] Content)> Pack(NetworkWeights weights)
    {
        var groups = Groups(weights.Plan);
        return [.. groups.Select((group, index) => Pack(weights, group, FileName(index, groups.Count)))];
    }

    /// <summary>The bytes of the largest file, headers aside.</summary>
    public static long LargestBytes(UNetPlan plan) => Groups(plan).Max(group => group.Sum(ByteCount));

    private static List<List<PlanWeight>> Groups(UNetPlan plan)
    {
        var groups = new List<List<PlanWeight>> { new() };
        var bytes = 0L;
        foreach (var weight in plan.Weights)
        {
            if (bytes > 0 && bytes + ByteCount(weight) > MaximumBytes)
            {
                groups.Add([]);
                bytes = 0;
            }

            groups[^1].Add(weight);
            bytes += ByteCount(weight);
        }

        return groups;
    }

    /// <summary>Copies a file's tensors into a network's weights.</summary>
    /// <param name="description">What the file must be.</param>
    /// <param name="content">The file.</param>
    /// <param name="weights">The weights; not to be used if the file is refused.</param>
    /// <param name="remaining">Those still to be read, by name; those of the file are removed.</param>
    /// <exception cref="FormatException">The file is not the one described, or does not fit the network.</exception>
    public static void Unpack(
        WeightFileConfig description,
        ReadOnlyMemory<byte> content,
        NetworkWeights weights,
        Dictionary<string, PlanWeight> remaining)
    {
        using var file = SafetensorsFile.FromMemory(content, description.File);
        foreach (var tensor in file.Tensors)
        {
            if (!remaining.Remove(tensor.Name, out var weight))
            {
                throw new FormatException($"{description.File}: the network has no weight '{tensor.Name}', or it is given twice.");
            }

            if (tensor.Type != SafetensorsType.F32 || !tensor.Shape.AsSpan().SequenceEqual(weight.Sides))
            {
                throw new FormatException(
                    $"{description.File}: '{tensor.Name}' is {tensor.Type} [{string.Join(", ", tensor.Shape)}], but the network needs F32 [{string.Join(", ", weight.Shape)}].");
            }

            var bytes = MemoryMarshal.AsBytes(weights[weight]);
            tensor.CopyTo(bytes);
            if (!description.Sha256.TryGetValue(tensor.Name, out var digest) || digest != Digest(bytes))
            {
                throw new FormatException(
                    $"{description.File}: the bytes of '{tensor.Name}' do not match their SHA-256 in config.json. The file is damaged: use another copy.");
            }
        }

        if (description.FileSha256 is { } whole && whole != Digest(content.Span))
        {
            throw new FormatException(
                $"{description.File}: its header does not match the file's SHA-256 in config.json. The file is damaged: use another copy.");
        }
    }

    private static (WeightFileConfig Description, byte[] Content) Pack(NetworkWeights weights, List<PlanWeight> group, string file)
    {
        var writer = new SafetensorsWriter(new Dictionary<string, string> { ["format"] = "pt" });
        var digests = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var weight in group)
        {
            digests.Add(weight.Name, Digest(MemoryMarshal.AsBytes(weights[weight])));
            writer.Add(weight.Name, SafetensorsType.F32, weight.Sides, write => write(MemoryMarshal.AsBytes(weights[weight])));
        }

        var content = new MemoryStream();
        writer.WriteTo(content);
        return (
            new WeightFileConfig(file, content.Length, digests, Digest(content.GetBuffer().AsSpan(0, (int)content.Length))),
            content.ToArray());
    }

    /// <summary>Every name that a file of weights can have.</summary>
    [GeneratedRegex(@"^weights(-[0-9]{5}-of-[0-9]{5})?\.safetensors\z", RegexOptions.CultureInvariant)]
    internal static partial Regex FileNames();

    private static string FileName(int index, int count) => count == 1
        ? "weights.safetensors"
        : string.Create(CultureInfo.InvariantCulture, $"weights-{index + 1:D5}-of-{count:D5}.safetensors");

    private static long ByteCount(PlanWeight weight) => weight.Count * sizeof(float);

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
