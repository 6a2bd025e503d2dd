using System.Globalization;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>A network's weights as .safetensors files small enough for a zip entry, with a digest of each tensor.</summary>
internal static partial class WeightFiles
{
    // ML.NET limits an entry to about 1 GiB.
    private const long MaximumBytes = 512L << 20;

    /// <summary>Splits the weights into files: their descriptions, and how to write each.</summary>
    public static IReadOnlyList<(WeightFileConfig Description, byte[] Content)> Pack(UNet network)
    {
        var groups = Groups(network);
        return [.. groups.Select((group, index) => Pack(group, FileName(index, groups.Count)))];
    }

    /// <summary>The bytes of the largest file, headers aside.</summary>
    public static long LargestBytes(UNet network) => Groups(network).Max(group => group.Sum(weight => ByteCount(weight.Parameter)));

    private static List<List<(string Name, Parameter Parameter)>> Groups(UNet network)
    {
        var groups = new List<List<(string Name, Parameter Parameter)>> { new() };
        var bytes = 0L;
        foreach (var (name, parameter) in network.named_parameters())
        {
            if (bytes > 0 && bytes + ByteCount(parameter) > MaximumBytes)
            {
                groups.Add([]);
                bytes = 0;
            }

            groups[^1].Add((name, parameter));
            bytes += ByteCount(parameter);
        }

        return groups;
    }

    /// <summary>Copies a file's tensors into the network's weights.</summary>
    /// <param name="description">What the file must be.</param>
    /// <param name="content">The file.</param>
    /// <param name="remaining">The weights still to be read, by name; those of the file are removed.</param>
    /// <exception cref="FormatException">The file is not the one described, or does not fit the network.</exception>
    public static void Unpack(WeightFileConfig description, ReadOnlyMemory<byte> content, Dictionary<string, Parameter> remaining)
    {
        using var noGrad = no_grad();
        using var file = SafetensorsFile.FromMemory(content, description.File);
        foreach (var tensor in file.Tensors)
        {
            if (!remaining.Remove(tensor.Name, out var parameter))
            {
                throw new FormatException($"{description.File}: the network has no weight '{tensor.Name}', or it is given twice.");
            }

            if (tensor.Type != SafetensorsType.F32 || !tensor.Shape.AsSpan().SequenceEqual(parameter.shape))
            {
                throw new FormatException(
                    $"{description.File}: '{tensor.Name}' is {tensor.Type} [{string.Join(", ", tensor.Shape)}], but the network needs F32 [{string.Join(", ", parameter.shape)}].");
            }

            using var values = empty(parameter.shape);
            tensor.CopyTo(values.bytes);
            if (!description.Sha256.TryGetValue(tensor.Name, out var digest) || digest != Digest(values.bytes))
            {
                throw new FormatException(
                    $"{description.File}: the bytes of '{tensor.Name}' do not match their SHA-256 in config.json. The file is damaged: use another copy.");
            }

            parameter.copy_(values);
        }

        if (description.FileSha256 is { } whole && whole != Digest(content.Span))
        {
            throw new FormatException(
                $"{description.File}: its header does not match the file's SHA-256 in config.json. The file is damaged: use another copy.");
        }
    }

    private static (WeightFileConfig Description, byte[] Content) Pack(List<(string Name, Parameter Parameter)> weights, string file)
    {
        var writer = new SafetensorsWriter(new Dictionary<string, string> { ["format"] = "pt" });
        var digests = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, parameter) in weights)
        {
            using var scope = NewDisposeScope();
            var bytes = parameter.detach().to(ScalarType.Float32).cpu().contiguous().bytes.ToArray();
            digests.Add(name, Digest(bytes));
            writer.Add(name, SafetensorsType.F32, parameter.shape, bytes);
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

    private static long ByteCount(Parameter parameter) => parameter.numel() * sizeof(float);

    private static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}
