using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Writes a file so that its path always holds a whole one: the old until the last moment, then the new.</summary>
/// <remarks>
/// The bytes go to a temporary file in the same folder, hidden and locked while it is written, and then to the disk; a rename puts it in
/// the place of the old file. Whatever fails before leaves the old file as it was. A killed process leaves its temporary file behind,
/// which nothing locks any more: the next write to the same path deletes it.
/// </remarks>
internal static partial class AtomicFile
{
    /// <summary>What the hidden name of a file ends in while it is being written.</summary>
    public const string Suffix = ".tmp";

    private const int BufferBytes = 1 << 16;
    private const int Attempts = 20;

    /// <summary>Writes a file or replaces it; one behind a symbolic link is replaced where it is, and keeps its permissions.</summary>
    /// <param name="path">Where, in a folder that exists.</param>
    /// <param name="write">Writes the content to a stream that can seek. An exception of it leaves the old file as it was, too.</param>
    /// <exception cref="IOException">The disk is full, or the folder is missing or cannot be written to; the old file is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it, or the old file is read-only; it is unchanged.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        string target;
        try
        {
            target = new FileInfo(path) is { LinkTarget: not null } link
                ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName
                : Path.GetFullPath(path);
            CheckReplaceable(target);
            DeleteLeftovers(target);
            Replace(target, write);
        }
        catch (IOException exception)
        {
            throw new IOException(Message(path, exception), exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new UnauthorizedAccessException(Message(path, exception), exception);
        }

        FlushFolder(Path.GetDirectoryName(target)!);
    }

    private static string Message(string path, Exception exception) =>
        $"The file {path} could not be written, and what was there before is unchanged: {exception.Message}";

    private static void CheckReplaceable(string target)
    {
        if (Directory.Exists(target))
        {
            throw new IOException("there is a folder of this name.");
        }

        // A rename asks for no permission on the file that it replaces, but whoever made it read-only expects it to stay.
        if (File.Exists(target) && File.GetAttributes(target).HasFlag(FileAttributes.ReadOnly))
        {
            throw new UnauthorizedAccessException("it is read-only. Make it writable or choose another name.");
        }
    }

    private static void Replace(string target, Action<Stream> write)
    {
        var file = CreateTemporary(target);
        try
        {
            write(file);
            file.Flush(flushToDisk: true);
            File.Move(file.Name, target, overwrite: true); // still open, and so still locked
        }
        catch (Exception exception)
        {
            Discard(file);

            // What FileStream makes of EFBIG: a limit on the size of files, of the file system or of the process.
            if (exception is ArgumentOutOfRangeException { ParamName: "value" })
            {
                throw new IOException("the system allows no file of its size.", exception);
            }

            throw;
        }

        file.Dispose();
    }

    private static FileStream CreateTemporary(string target)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = FileShare.Delete, // so that it can be renamed while it is open
            BufferSize = BufferBytes,
        };
        var mode = !OperatingSystem.IsWindows() && File.Exists(target) ? File.GetUnixFileMode(target) : (UnixFileMode?)null;
        if (mode is not null && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = mode;
        }

        for (var attempt = 1; ; attempt++)
        {
            FileStream file;
            try
            {
                file = new FileStream(
                    Path.Combine(Path.GetDirectoryName(target)!, $"{Prefix(target)}{Path.GetRandomFileName()}{Suffix}"),
                    options);
            }
            catch (IOException exception) when (attempt < Attempts
                && exception is not DirectoryNotFoundException and not PathTooLongException)
            {
                // Another process's DeleteLeftovers has it between its creation and its lock; or it is a lasting fault, which will be told.
                continue;
            }

            if (!File.Exists(file.Name))
            {
                file.Dispose(); // the same, and is through with it
                continue;
            }

            if (mode is { } same && !OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file.SafeFileHandle, same); // what the process's umask took away
            }

            return file;
        }
    }

    private static string Prefix(string target) => $".{Path.GetFileName(target)}.";

    private static void DeleteLeftovers(string target)
    {
        var (prefix, length) = (Prefix(target), Prefix(target).Length + Path.GetRandomFileName().Length + Suffix.Length);
        foreach (var path in Directory.EnumerateFiles(Path.GetDirectoryName(target)!, "*", new EnumerationOptions { AttributesToSkip = 0 }))
        {
            var name = Path.GetFileName(path);
            if (name.Length == length
                && name.StartsWith(prefix, StringComparison.Ordinal)
                && name.EndsWith(Suffix, StringComparison.Ordinal))
            {
                DeleteIfUnlocked(path);
            }
        }
    }

    private static void DeleteIfUnlocked(string path)
    {
        try
        {
            using var whole =
                new FileStream(
                    path,
                    new FileStreamOptions
                    {
                        Mode = FileMode.Open,
                        Access = FileAccess.ReadWrite,
                        Options = FileOptions.DeleteOnClose,
                        Share = FileShare.None,
                    });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Another write is at it, or its owner is somebody else: not ours to delete.
        }
    }

    private static void Discard(FileStream file)
    {
        try
        {
            File.Delete(file.Name);
            file.Dispose();
        }
        catch
        {
            // It tries once more to write what is buffered. What stays is deleted by the next write; the first failure is the one to tell.
        }
    }

    // The rename itself is on the disk once the folder is. A folder that may not be read cannot be flushed: the file stands all the same.
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        using var handle = new SafeFileHandle(Open(folder, flags: 0), ownsHandle: true);
        if (!handle.IsInvalid)
        {
            RandomAccess.FlushToDisk(handle);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);
}
