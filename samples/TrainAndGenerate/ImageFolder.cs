using System.Collections;
using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace TrainAndGenerate;

/// <summary>A picture of any size.</summary>
internal sealed class Picture
{
    [ImageType]
    public required MLImage Image { get; init; }
}

/// <summary>The pictures in a folder and below it, each decoded when its turn comes; unreadable ones are named once and left out.</summary>
internal sealed class ImageFolder : IEnumerable<Picture>
{
    private static readonly string[] _extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp"];

    private readonly string[] _files;
    private readonly HashSet<string> _reported = [];

    public ImageFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new ArgumentException($"--images: there is no folder '{folder}'.");
        }

        _files = [.. Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true })
            .Where(file => _extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)];
        if (_files.Length == 0)
        {
            throw new ArgumentException($"--images: there is no png, jpg, webp or bmp picture in '{folder}'.");
        }
    }

    public IEnumerator<Picture> GetEnumerator()
    {
        foreach (var file in _files)
        {
            // Photographs are large: each is freed as soon as its row has been read.
            using var image = TryRead(file);
            if (image is not null)
            {
                yield return new Picture { Image = image };
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private MLImage? TryRead(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            return stream.Length > 0 ? MLImage.CreateFromStream(stream) : throw new InvalidDataException("the file is empty");
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or ArgumentException or InvalidOperationException)
        {
            if (_reported.Add(file))
            {
                Console.Error.WriteLine($"Skipped {file}: {(e is ArgumentException ? "not a picture that can be decoded" : e.Message)}");
            }

            return null;
        }
    }
}
