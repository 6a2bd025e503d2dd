using Microsoft.ML.Data;

namespace TrainAndGenerate;

/// <summary>A row that names a picture.</summary>
internal sealed record PictureFile(string ImagePath);

/// <summary>The user's own pictures.</summary>
internal static class ImageFolder
{
    private static readonly string[] _extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp"];

    /// <summary>Lists the pictures in a folder and below it. Those that cannot be read are named and left out.</summary>
    public static IReadOnlyList<PictureFile> List(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new ArgumentException($"--images must be a folder, but there is none at '{folder}'.");
        }

        var files = Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true })
            .Where(file => _extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal);
        var pictures = files.AsParallel().AsOrdered().Where(IsReadable).Select(file => new PictureFile(Path.GetFullPath(file))).ToList();
        return pictures.Count > 0 ? pictures : throw new ArgumentException($"--images must hold png, jpg, webp or bmp pictures, but there is none in '{folder}' that can be read.");
    }

    // ML.NET's LoadImages ends the whole run at a broken file, so each is tried first.
    private static bool IsReadable(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            using var image = MLImage.CreateFromStream(stream);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            Console.Error.WriteLine($"Skipped {file}: {(e is ArgumentException ? "no picture that can be decoded" : e.Message)}");
            return false;
        }
    }
}
