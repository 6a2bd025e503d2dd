namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Writes files of which nobody ever sees a half.</summary>
public static class WholeFile
{
    /// <summary>Writes a file beside its place, sees it to the disk, and puts it in its place: the path holds the old file or the new one.</summary>
    /// <param name="path">Where, in a folder that exists; a symbolic link stays one, and what it leads to is replaced.</param>
    /// <param name="write">Writes the path that it is given, which has the extension of <paramref name="path"/>: it often decides the format.</param>
    /// <exception cref="IOException">The disk is full, or the folder is missing; an old file is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it; an old file is unchanged.</exception>
    public static void Write(string path, Action<string> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        var target =
            new FileInfo(path) is { LinkTarget: not null } link
                ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName
                : Path.GetFullPath(path);
        var partial = InFolder(Path.GetDirectoryName(target)!, Path.GetExtension(target));
        try
        {
            write(partial);
            using (var file = new FileStream(partial, FileMode.Open, FileAccess.ReadWrite))
            {
                file.Flush(flushToDisk: true);
            }

            File.Move(partial, target, overwrite: true);
        }
        finally
        {
            if (File.Exists(partial))
            {
                File.Delete(partial);
            }
        }
    }

    /// <summary>Writes a text file, in UTF-8 with line feeds, the same way.</summary>
    /// <inheritdoc cref="Write" path="/param[@name='path']|/exception"/>
    /// <param name="path">Where, in a folder that exists.</param>
    /// <param name="text">The whole text.</param>
    public static void WriteText(string path, string text) =>
        Write(path, partial => File.WriteAllText(partial, text.ReplaceLineEndings("\n")));

    /// <summary>Makes a folder, and makes sure that it can be written to: better to fail now than after the work.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="IOException">There is a file of this name.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it.</exception>
    public static void MakeFolder(string path)
    {
        Directory.CreateDirectory(path);
        using var probe = File.Create(InFolder(path, ""), 1, FileOptions.DeleteOnClose);
    }

    // A hidden name that no other file has.
    private static string InFolder(string folder, string extension) =>
        Path.Combine(folder, $".partial-{Path.GetRandomFileName()}{extension}");
}
