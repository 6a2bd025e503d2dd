namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A folder that is gone when the test is over.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("diffusion-").FullName;

    /// <summary>The whole checkpoints in it, newest first.</summary>
    public string[] Checkpoints =>
        [.. Directory.GetFiles(Path, "checkpoint-*.safetensors")
            .Where(file => file.EndsWith(".safetensors", StringComparison.Ordinal))
            .OrderDescending(StringComparer.Ordinal)];

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file, and the folders on the way to it.</summary>
    public string Write(string name, byte[] content)
    {
        var path = File(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        System.IO.File.WriteAllBytes(path, content);
        return path;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
