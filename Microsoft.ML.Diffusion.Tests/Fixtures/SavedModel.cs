using System.IO.Compression;
using Microsoft.ML.Diffusion.Tests.Build;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>The model files of earlier versions that are kept with the tests, and copies of them with a difference.</summary>
internal static class SavedModel
{
    /// <summary>A diffusion model of format 1 and nothing else.</summary>
    public static string Model => InFixtures("format1-model.zip");

    /// <summary>The same model with a step before and one after it, and the input schema.</summary>
    public static string Chain => InFixtures("format1-chain.zip");

    /// <summary>A pipeline like that of <see cref="Chain"/>, of any format that there has been.</summary>
    public static string ChainOf(int format) => InFixtures($"format{format}-chain.zip");

    /// <summary>What it drew when it was saved, for classes 0, 1, 0, 1.</summary>
    public static string PicturesOf(int format) => InFixtures($"format{format}-chain.png");

    /// <summary>A checkpoint of version 1, whose run drew other random numbers.</summary>
    public static string OldCheckpoint => InFixtures("checkpoint1.safetensors");

    /// <summary>The entries of a zip by name.</summary>
    public static List<(string Name, byte[] Content)> Read(byte[] zip)
    {
        using var archive = new ZipArchive(new MemoryStream(zip));
        return [.. archive.Entries.Select(entry => (entry.FullName, Bytes(entry)))];
    }

    public static byte[] Write(IEnumerable<(string Name, byte[] Content)> entries)
    {
        using var stream = new MemoryStream();
        using (var archive = new ZipArchive(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in entries)
            {
                using var entry =
                    archive.CreateEntry(name, content.Length > 1 << 20 ? CompressionLevel.Optimal : CompressionLevel.Fastest).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }

    /// <summary>A copy of a zip in which the entries of one file name are changed, or left out.</summary>
    public static byte[] With(byte[] zip, string fileName, Func<byte[], byte[]?> change) => Write(
        Read(zip).Select(
            entry => (entry.Name, Content: entry.Name.EndsWith(fileName, StringComparison.Ordinal) ? change(entry.Content) : entry.Content))
            .Where(entry => entry.Content is not null).Select(entry => (entry.Name, entry.Content!)));

    /// <summary>The child process of a test that kills it: saves one model over and over.</summary>
    public static void SaveForever(string modelPath, string path)
    {
        var mlContext = new MLContext(seed: 1);
        var model = mlContext.Diffusion.LoadModel(modelPath, out var schema);
        mlContext.Diffusion.SaveModel(model, schema, $"{path}.warm");
        Console.WriteLine("started");
        while (true)
        {
            mlContext.Diffusion.SaveModel(model, schema, path);
        }
    }

    private static string InFixtures(string name) => BuildFiles.InRoot("Microsoft.ML.Diffusion.Tests", "Persistence", "fixtures", name);

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using var content = new MemoryStream();
        using var stream = entry.Open();
        stream.CopyTo(content);
        return content.ToArray();
    }
}
