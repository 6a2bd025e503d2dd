using System.IO.Compression;
using System.Text.Json;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Evaluate;

/// <summary>
/// What --save keeps of an evaluation, to be merged with that of other parts: means and covariances of the features of both sets, in a zip of 2 MB whatever their
/// numbers of images.
/// </summary>
/// <param name="Settings">What the features are of.</param>
/// <param name="Real">The real images.</param>
/// <param name="Generated">The generated ones.</param>
internal sealed record SavedStatistics(StatisticsSettings Settings, FeatureStatistics Real, FeatureStatistics Generated)
{
    private const string SettingsName = "settings.json", RealName = "real.safetensors", GeneratedName = "generated.safetensors";
    private const int MostBytes = 1 << 24; // of an entry: more than ResNet-18's features take

    public void Save(string path) => WholeFile.Write(path, partial =>
    {
        using var zip = ZipFile.Open(partial, ZipArchiveMode.Create);
        Write(zip, SettingsName, stream => stream.Write(JsonSerializer.SerializeToUtf8Bytes(Settings)));
        Write(zip, RealName, Real.Save);
        Write(zip, GeneratedName, Generated.Save);
    });

    /// <summary>Reads one of anybody.</summary>
    /// <exception cref="ToolException">It is damaged, of a later version, or something else.</exception>
    public static SavedStatistics Load(string path)
    {
        try
        {
            using var zip = ZipFile.OpenRead(path);
            var settings =
                JsonSerializer.Deserialize<StatisticsSettings>(Read(zip, SettingsName)) ?? throw new FormatException("its settings are empty.");
            return settings.Version == StatisticsSettings.CurrentVersion
                ? new(settings, FeatureStatistics.Load(Read(zip, RealName)), FeatureStatistics.Load(Read(zip, GeneratedName)))
                : throw new FormatException($"it is of version {settings.Version}, but this program reads version {StatisticsSettings.CurrentVersion}.");
        }
        catch (Exception exception) when (exception is FormatException or JsonException or InvalidDataException)
        {
            throw new ToolException($"The file '{path}' is none that --save has written: {exception.Message}", exception);
        }
    }

    /// <summary>Whether both have the very same real images.</summary>
    public bool HasRealOf(SavedStatistics other)
    {
        using var mine = new MemoryStream();
        using var others = new MemoryStream();
        Real.Save(mine);
        other.Real.Save(others);
        return mine.ToArray().AsSpan().SequenceEqual(others.ToArray());
    }

    private static void Write(ZipArchive zip, string name, Action<Stream> write)
    {
        using var stream = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
        write(stream);
    }

    private static MemoryStream Read(ZipArchive zip, string name)
    {
        var entry = zip.GetEntry(name) ?? throw new FormatException($"it has no {name}.");
        using var stream = entry.Open();
        var bytes = new byte[Math.Min(entry.Length, MostBytes)];
        var count = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return count == entry.Length ? new MemoryStream(bytes) : throw new FormatException($"its {name} is cut short or has more than {MostBytes} bytes.");
    }
}

/// <summary>What features are of: parts with others cannot be merged.</summary>
/// <param name="Version">Rises when an older program could not read the file.</param>
/// <param name="Features">What computed them.</param>
/// <param name="Width">What all images were brought to.</param>
/// <param name="Height">As <paramref name="Width"/>.</param>
internal sealed record StatisticsSettings(int Version, string Features, int Width, int Height)
{
    public const int CurrentVersion = 1;
}
