using System.IO.Compression;
using System.Text.RegularExpressions;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>A zip whose list of entries has been checked: their names, their number, and what they claim to inflate to.</summary>
/// <remarks>Nothing is unpacked to disk; an entry is read as a stream that ends where it should or fails.</remarks>
internal sealed partial class ModelArchive : IDisposable
{
    // ML.NET reads no entry of 2 GiB. Weights inflate by about a tenth, JSON by a few times: more than a hundred is meant to hurt.
    private const long MaximumEntryBytes = int.MaxValue;
    private const long MaximumRatio = 100;
    private const long AllowanceBytes = 1 << 20;
    private const int MaximumNameLength = 512;

    private readonly ZipArchive _zip;
    private readonly Dictionary<string, ZipArchiveEntry> _byName;

    private ModelArchive(ZipArchive zip)
    {
        _zip = zip;
        _byName = zip.Entries.ToDictionary(entry => entry.FullName, StringComparer.Ordinal);
    }

    public IReadOnlyList<ZipArchiveEntry> Entries => _zip.Entries;

    /// <summary>Opens a zip; the stream stays the caller's.</summary>
    /// <exception cref="FormatException">It is none, or one that is made to do harm.</exception>
    public static ModelArchive Open(Stream stream)
    {
        ZipDirectory.Check(stream);
        stream.Position = 0;
        var zip = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
        try
        {
            CheckNames(zip.Entries);
            CheckSizes(zip.Entries, stream.Length);
            return new ModelArchive(zip);
        }
        catch
        {
            zip.Dispose();
            throw;
        }
    }

    public ZipArchiveEntry? Find(string name) => _byName.GetValueOrDefault(name);

    public static CheckedEntryStream Read(ZipArchiveEntry entry) => new(entry);

    public void Dispose() => _zip.Dispose();

    private static void CheckNames(IEnumerable<ZipArchiveEntry> entries)
    {
        // Without case by both foldings: as Windows does, and as ML.NET's map of what it has unpacked does. They differ: only the latter
        // takes the Kelvin sign for a k.
        var (seen, unpacked) = (new HashSet<string>(StringComparer.OrdinalIgnoreCase), new HashSet<string>(StringComparer.Ordinal));
        foreach (var entry in entries)
        {
            var name = entry.FullName;
            if (name.Length > MaximumNameLength || !Name().IsMatch(name) || name.Split('/').Any(part => part is "" or "." or ".."))
            {
                throw new FormatException(
                    $"the entry name {SafetensorsEntry.Quote(name)} is not a plain path of letters, digits and folders.");
            }

            if (!seen.Add(name) | !unpacked.Add(name.ToLowerInvariant()))
            {
                throw new FormatException($"the entry {SafetensorsEntry.Quote(name)} is there twice.");
            }
        }
    }

    private static void CheckSizes(IEnumerable<ZipArchiveEntry> entries, long fileBytes)
    {
        var (total, compressed) = (0L, 0L);
        foreach (var entry in entries)
        {
            if (entry.Length is < 0 or > MaximumEntryBytes || entry.CompressedLength < 0)
            {
                throw new FormatException(
                    $"the entry {SafetensorsEntry.Quote(entry.FullName)} claims {entry.Length} bytes, above the limit of {MaximumEntryBytes}.");
            }

            total += entry.Length;
            compressed += entry.CompressedLength;
        }

        if (compressed > fileBytes)
        {
            throw new FormatException($"its entries claim {compressed} compressed bytes, more than the file's {fileBytes}.");
        }

        if (total > (MaximumRatio * fileBytes) + AllowanceBytes)
        {
            throw new FormatException($"its entries inflate to {total} bytes, more than {MaximumRatio} times the file's {fileBytes}.");
        }
    }

    // No control character, no backslash, no drive, nothing that a file system or a terminal could read in another way.
    [GeneratedRegex(@"^[\p{L}\p{M}\p{N} ._,()\[\]=+@#%&'~!$^{}/-]+$", RegexOptions.CultureInvariant)]
    private static partial Regex Name();
}
