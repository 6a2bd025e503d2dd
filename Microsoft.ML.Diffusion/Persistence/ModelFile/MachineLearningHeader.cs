using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>What an ML.NET header (an entry Model.key) asks for: the loader, and the assembly that ML.NET would load to find it.</summary>
/// <param name="Loader">The loader's signature, as ML.NET reads it.</param>
/// <param name="OtherLoader">The signature of the loader that ML.NET tries where it does not know the first.</param>
/// <param name="Assembly">The assembly's full name; empty where none is named.</param>
/// <param name="Parameters">What the loader reads; empty where it is long.</param>
internal sealed partial record MachineLearningHeader(string Loader, string OtherLoader, string Assembly, byte[] Parameters)
{
    /// <summary>The entry that has a header; ML.NET asks for it in this spelling only.</summary>
    public const string Entry = "Model.key";

    private const int HeaderBytes = 256;
    private const int MaximumAssemblyBytes = 1024;
    private const int MaximumParameterBytes = 1024;
    private const int SignatureBytes = 24;
    private const ulong Signature = 0x4C45444F4D004C4D;
    private const ulong TailSignature = 0x4D4C004D4F44454C;
    private const uint NewestVersion = 0x00010002;

    // Those of the packages that this library needs, whose loaders have all been looked at.
    private static readonly HashSet<string> _trusted = new(StringComparer.Ordinal)
    {
        "Microsoft.ML.Core", "Microsoft.ML.CpuMath", "Microsoft.ML.Data", "Microsoft.ML.DataView", "Microsoft.ML.ImageAnalytics",
        "Microsoft.ML.KMeansClustering", "Microsoft.ML.PCA", "Microsoft.ML.StandardTrainers", "Microsoft.ML.Transforms",
    };

    /// <summary>Gets the names of ML.NET's assemblies that may be loaded for a file from anywhere.</summary>
    public static IReadOnlyCollection<string> TrustedAssemblies => _trusted;

    /// <summary>Gets the loaders that ML.NET would look for.</summary>
    public IEnumerable<string> Loaders => new[] { Loader, OtherLoader }.Where(name => !string.IsNullOrWhiteSpace(name));

    /// <summary>What of the header a file from anywhere may not ask for, in words; null if there is nothing.</summary>
    /// <param name="entry">The entry that the header is in.</param>
    public string? Untrusted(string entry)
    {
        if (Assembly.Length > 0
            && !(AssemblyName().Match(Assembly) is { Success: true } match && IsTrusted(match.Groups[1].Value, match.Groups[2].Value)))
        {
            return $"the assembly {SafetensorsEntry.Quote(Assembly)}, which is neither this library nor of the packages of ML.NET that it needs";
        }

        return Loaders.FirstOrDefault(loader => !TrustedLoaders.Contains(loader) && !ImageLoadingStep.IsHarmless(loader, entry, Parameters))
            is { } refused
            ? $"the loader {SafetensorsEntry.Quote(refused)}, which may do more than read the file"
            : null;
    }

    /// <summary>Reads the header of an entry to the entry's end.</summary>
    /// <exception cref="FormatException">Its parts are not where it says.</exception>
    public static MachineLearningHeader Read(CheckedEntryStream entry, string name)
    {
        var bytes = new byte[HeaderBytes];
        if (entry.ReadAtLeast(bytes, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes)
        {
            throw Damaged(name);
        }

        int[] offsets = [0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x80, 0x88, 0x90];
        var parts = Array.ConvertAll(offsets, offset => BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(offset)));
        var (assemblyAt, assemblyBytes) = (parts[8], (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(0x98)));
        var (written, readable) =
            (BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(0x08)), BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(0x0C)));
        var end = parts[0] + parts[1]; // of the model; then, in this order, strings, their characters, the assembly's name, the tail
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Signature
            || readable > NewestVersion
            || written < readable
            || parts.Any(part => part < 0 || part > entry.Length)
            || parts[0] != HeaderBytes
            || !Follows(parts[2], parts[3], ref end)
            || !Follows(parts[4], parts[5], ref end)
            || !Follows(assemblyAt, assemblyBytes, ref end)
            || assemblyBytes > MaximumAssemblyBytes
            || assemblyBytes % sizeof(char) != 0
            || parts[6] != end
            || parts[7] != end + sizeof(ulong)
            || parts[7] != entry.Length)
        {
            throw Damaged(name);
        }

        var parameters = new byte[parts[1] <= MaximumParameterBytes ? parts[1] : 0];
        entry.ReadExactly(parameters);
        var text = new byte[assemblyBytes + sizeof(ulong)];
        entry.Skip(end - assemblyBytes - HeaderBytes - parameters.Length);
        entry.ReadExactly(text);
        entry.Drain();
        return BinaryPrimitives.ReadUInt64LittleEndian(text.AsSpan((int)assemblyBytes)) == TailSignature
            ? new MachineLearningHeader(
                SignatureAt(bytes, 0x50),
                SignatureAt(bytes, 0x68),
                Encoding.Unicode.GetString(text, 0, (int)assemblyBytes),
                parameters)
            : throw Damaged(name);
    }

    private static string SignatureAt(byte[] header, int offset) =>
        Encoding.Latin1.GetString(header, offset, SignatureBytes).TrimEnd('\0');

    private static bool Follows(long position, long length, ref long end)
    {
        var follows = position == 0 ? length == 0 : position == end;
        end += length;
        return follows;
    }

    private static bool IsTrusted(string name, string token) =>
        name == typeof(MachineLearningHeader).Assembly.GetName().Name || (_trusted.Contains(name) && token == "cc7b13ffcd2ddd51");

    private static FormatException Damaged(string name) => new($"the ML.NET header in {SafetensorsEntry.Quote(name)} is damaged.");

    [GeneratedRegex(@"^([A-Za-z.]+), Version=[0-9.]+, Culture=neutral, PublicKeyToken=(null|[0-9a-f]{16})\z", RegexOptions.CultureInvariant)]
    private static partial Regex AssemblyName();
}
