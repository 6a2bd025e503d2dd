namespace Microsoft.ML.Diffusion.Persistence;

/// <summary>Writes files that are either whole or not there.</summary>
internal static class AtomicFile
{
    /// <summary>What the name of a file ends in while it is being written, in the folder where it will be.</summary>
    public const string TemporaryExtension = ".tmp";

    /// <summary>Writes beside <paramref name="path"/>, to the disk, and only then takes the place of what was there.</summary>
    /// <exception cref="IOException">It cannot be written, such as for want of space; what was there is as before.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        var temporary = path + TemporaryExtension;
        try
        {
            using (var stream = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                write(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
