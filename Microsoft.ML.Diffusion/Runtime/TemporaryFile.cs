namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>A file that nobody else sees and that is gone when it is closed, also when the process is killed.</summary>
internal static class TemporaryFile
{
    /// <param name="folder">Where to take the space from.</param>
    public static FileStream Create(string folder)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete,
            BufferSize = 1 << 20,
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
