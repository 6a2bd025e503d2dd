namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>What systems and programs leave in folders of images, and nobody put there: by its name, so that a folder is the same on every system.</summary>
internal static class Litter
{
    private static readonly HashSet<string> _names = new(StringComparer.OrdinalIgnoreCase)
    {
        "Thumbs.db",
        "ehthumbs.db",
        "desktop.ini",
        "$RECYCLE.BIN",
        "System Volume Information",
        "lost+found",
        "__MACOSX",
        "@eaDir", // Synology's thumbnails, PNG and JPEG files that would be learned from
        "#recycle",
        "@Recycle", // QNAP's
        "@Recently-Snapshot",
    };

    /// <summary>Whether a file or folder of this name is none of the user's; a dot hides it, though on Windows it shows.</summary>
    public static bool Contains(string name) => name.StartsWith('.') || _names.Contains(name);
}
