using System.Buffers;
using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>Reads the safetensors format (github.com/huggingface/safetensors) from a file, a stream or memory.</summary>
/// <remarks>
/// Everything that the header promises is compared with what is there before memory is taken for it: a file costs its data (nothing,
/// if mapped) and a small multiple of its header. What is not exactly the format is refused with a <see cref="FormatException"/>.
/// </remarks>
internal sealed class SafetensorsFile : IDisposable
{
    private readonly string _source;
    private readonly Dictionary<string, SafetensorsTensor> _byName;
    private readonly IDisposable? _owner;

    private SafetensorsFile(
        string source,
        SafetensorsHeader header,
        Func<SafetensorsEntry, ReadOnlySequence<byte>> data,
        IDisposable? owner = null)
    {
        _source = source;
        _owner = owner;
        Metadata = header.Metadata;
        Tensors = [.. header.Entries.Select(entry => new SafetensorsTensor(entry, data(entry)))];
        _byName = Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>Gets the file's free text; empty where it has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Gets the tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors { get; }

    /// <exception cref="FormatException">There is no tensor of this name.</exception>
    public SafetensorsTensor this[string name] => TryGetTensor(name, out var tensor)
        ? tensor
        : throw new FormatException($"{_source}: there is no tensor {SafetensorsEntry.Quote(name)} among the {Tensors.Count} in it.");

    /// <summary>Opens a file, mapped into memory until this object is disposed.</summary>
    /// <exception cref="FormatException">The file breaks the format.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">Its permissions forbid it.</exception>
    public static SafetensorsFile Open(string path) => Named(path, () =>
    {
        // Delete: others may replace the file by rename meanwhile.
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
        if (stream.Length < SafetensorsHeader.LengthBytes)
        {
            SafetensorsHeader.ReadLength(new byte[stream.Length]); // refuses; an empty file cannot even be mapped
        }

        var mapping = new SafetensorsMapping(stream);
        try
        {
            var headerLength = SafetensorsHeader.ReadLength(mapping.Span(0, SafetensorsHeader.LengthBytes));
            var dataStart = SafetensorsHeader.LengthBytes + headerLength;
            CheckHeaderLength(headerLength, mapping.Length - SafetensorsHeader.LengthBytes);
            var header = SafetensorsHeader.Parse(mapping.Span(SafetensorsHeader.LengthBytes, headerLength));
            CheckDataLength(header, mapping.Length - dataStart);
            return new SafetensorsFile(path, header, entry => mapping.Slice(dataStart + entry.Begin, entry.End - entry.Begin), mapping);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    });

    /// <summary>Reads a file that is in memory already; its bytes stay where they are.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="source">What messages call it, such as the name of a zip entry.</param>
    /// <exception cref="FormatException">The bytes break the format.</exception>
    public static SafetensorsFile FromMemory(ReadOnlyMemory<byte> bytes, string source) => Named(source, () =>
    {
        var headerLength = SafetensorsHeader.ReadLength(bytes.Span);
        var rest = bytes[SafetensorsHeader.LengthBytes..];
        CheckHeaderLength(headerLength, rest.Length);
        var header = SafetensorsHeader.Parse(rest.Span[..headerLength]);
        var data = rest[headerLength..];
        CheckDataLength(header, data.Length);
        return new SafetensorsFile(source, header, entry => new ReadOnlySequence<byte>(data[(int)entry.Begin..(int)entry.End]));
    });

    /// <summary>Reads a stream to its end, which has to be the file's; it need not know its length, nor seek.</summary>
    /// <param name="stream">Stands at the file's first byte; the caller closes it.</param>
    /// <param name="source">What messages call it, such as the name of a zip entry.</param>
    /// <exception cref="FormatException">The bytes break the format.</exception>
    public static SafetensorsFile FromStream(Stream stream, string source) => Named(source, () =>
    {
        var headerLength = SafetensorsHeader.ReadLength(Read(stream, SafetensorsHeader.LengthBytes).ToArray());
        var json = Read(stream, headerLength);
        CheckHeaderLength(headerLength, json.Length);
        var header = SafetensorsHeader.Parse(json.ToArray());
        var file = new SafetensorsFile(source, header, entry =>
        {
            var data = Read(stream, entry.End - entry.Begin);
            CheckDataLength(header, entry.Begin + data.Length, atLeast: entry.End);
            return data;
        });
        CheckDataLength(header, header.DataLength + Read(stream, 1).Length);
        return file;
    });

    public bool TryGetTensor(string name, [NotNullWhen(true)] out SafetensorsTensor? tensor) => _byName.TryGetValue(name, out tensor);

    /// <summary>Closes a mapped file; its tensors' data can no longer be read.</summary>
    public void Dispose() => _owner?.Dispose();

    private static SafetensorsFile Named(string source, Func<SafetensorsFile> read)
    {
        try
        {
            return read();
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{source}: {exception.Message}", exception);
        }
    }

    /// <summary>Reads up to <paramref name="length"/> bytes, in pieces no larger than what has come so far: a lie in the header stays cheap.</summary>
    private static ReadOnlySequence<byte> Read(Stream stream, long length)
    {
        const int firstPiece = 1 << 16;
        const int maximumPiece = 1 << 30; // a multiple of every element size, as all pieces but the last

        var segments = new SafetensorsSegments();
        for (var done = 0L; done < length;)
        {
            var piece = GC.AllocateUninitializedArray<byte>((int)Math.Min(length - done, Math.Clamp(done, firstPiece, maximumPiece)));
            var count = stream.ReadAtLeast(piece, piece.Length, throwOnEndOfStream: false);
            segments.Append(piece.AsMemory(0, count));
            done += count;
            if (count < piece.Length)
            {
                break;
            }
        }

        return segments.ToSequence();
    }

    private static void CheckHeaderLength(int promised, long found)
    {
        if (found < promised)
        {
            throw new FormatException(
                $"The file ends inside its header: {promised} bytes are promised and {found} are there. Get it again.");
        }
    }

    private static void CheckDataLength(SafetensorsHeader header, long found, long? atLeast = null)
    {
        if (found < (atLeast ?? header.DataLength))
        {
            throw new FormatException(
                $"The file is cut short: the header promises {header.DataLength} bytes of data and {found} are there. Get it again.");
        }

        if (found > header.DataLength)
        {
            throw new FormatException($"There are bytes after the last tensor, which ends at byte {header.DataLength} of the data.");
        }
    }
}
