namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Writes files of which nobody ever sees a half.</summary>
public static class WholeFile
{
    /// <summary>Writes a file beside its place, sees it to the disk, and puts it in its place: the path holds the old file or the new one.</summary>
    /// <param name="path">Where, in a folder that exists.</param>
    /// <param name="write">Writes the path that it is given, which has the extension of <paramref name="path"/>: it often decides the format.</param>
    /// <exception cref="IOException">The disk is full, or the folder is missing; an old file is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it; an old file is unchanged.</exception>
    public static void Write(string path, Action<string> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        path = Path.GetFullPath(path);
        var partial = Path.Combine(Path.GetDirectoryName(path)!, $".partial-{Path.GetFileName(path)}");
        try
        {
            write(partial);
            using (var file = new FileStream(partial, FileMode.Open, FileAccess.ReadWrite))
            {
                file.Flush(flushToDisk: true);
            }

            File.Move(partial, path, overwrite: true);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    /// <summary>Writes a text file, in UTF-8 with line feeds, the same way.</summary>
    /// <inheritdoc cref="Write" path="/param[@name='path']|/exception"/>
    /// <param name="path">Where, in a folder that exists.</param>
    /// <param name="text">The whole text.</param>
    public static void WriteText(string path, string text) => Write(path, partial => File.WriteAllText(partial, text.ReplaceLineEndings("\n")));
}
