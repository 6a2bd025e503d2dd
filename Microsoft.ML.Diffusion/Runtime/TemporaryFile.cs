namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>A file that nobody else sees and that is gone when it is closed, also when the process is killed.</summary>
internal static class TemporaryFile
{
    /// <summary>Why a folder cannot take files of so many bytes; null if it can, which is tried.</summary>
    public static string? Shortage(string folder, long bytes)
    {
        try
        {
            Create(folder, bytes).Dispose();
            return null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return exception.Message;
        }
    }

    /// <param name="folder">Where to take the space from; made if it is missing, as ML.NET does.</param>
    /// <param name="bytes">Space to take at once; 0 to take it as it is written.</param>
    /// <exception cref="IOException">The folder cannot be made, or has no such space.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid writing to it.</exception>
    public static FileStream Create(string folder, long bytes = 0)
    {
        Directory.CreateDirectory(folder);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete,
            BufferSize = 1 << 20,
            PreallocationSize = bytes,
        };
        if (OperatingSystem.IsWindows())
        {
            options.Options = FileOptions.DeleteOnClose; // the kernel's doing there, whatever ends the process
        }
        else
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        var path = Path.Combine(folder, $"diffusion-{Guid.NewGuid():N}.tmp");
        var stream = new FileStream(path, options);
        if (!OperatingSystem.IsWindows())
        {
            File.Delete(path); // the name goes now, the space with the last handle
        }

        return stream;
    }
}
