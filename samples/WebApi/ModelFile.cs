namespace WebApi;

/// <summary>The file of the model that is served, and whether it has changed.</summary>
/// <remarks>It is asked by its handle, which sees through every link on the way: that is how Kubernetes and others swap the files of a volume.</remarks>
internal sealed class ModelFile(string path)
{
    private (DateTime Written, long Length) _seen = Look(path);

    public string Path => path;

    /// <summary>Says whether the file is another one than when this was last asked.</summary>
    /// <exception cref="IOException">It is not there, or cannot be read.</exception>
    public bool HasChanged()
    {
        var before = _seen;
        _seen = Look(path);
        return _seen != before;
    }

    /// <summary>Lets it be another one when this is asked next.</summary>
    public void Forget() => _seen = default;

    private static (DateTime Written, long Length) Look(string path)
    {
        using var handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        return (File.GetLastWriteTimeUtc(handle), RandomAccess.GetLength(handle));
    }
}
