namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A folder that is gone when the test is over.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("diffusion-").FullName;

    /// <summary>The whole checkpoints in it, newest first.</summary>
    public string[] Checkpoints => [.. Directory.GetFiles(Path, "checkpoint-*.safetensors").Where(file => file.EndsWith(".safetensors", StringComparison.Ordinal)).OrderDescending(StringComparer.Ordinal)];

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
