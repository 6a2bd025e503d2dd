using System.Globalization;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Running;

/// <summary>A folder of 00000.png, 00001.png, ..., in which no such picture of an earlier run stays.</summary>
/// <param name="folder">The folder, which exists.</param>
internal sealed class NumberedPictures(string folder)
{
    private readonly List<string> _files = [];

    /// <summary>The paths that were written.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Lists the numbered pictures that are in a folder, if there is one.</summary>
    public static IEnumerable<string> In(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateFiles(folder, "*.png").Where(file => Path.GetFileNameWithoutExtension(file).All(char.IsAsciiDigit)).Order(StringComparer.Ordinal)
        : [];

    /// <summary>Writes the next picture; the first takes the place of what an earlier run left.</summary>
    public void Add(MLImage picture)
    {
        if (_files.Count == 0)
        {
            In(folder).ToList().ForEach(File.Delete);
        }

        var path = Path.Combine(folder, $"{_files.Count.ToString("D5", CultureInfo.InvariantCulture)}.png");
        WholeFile.Write(path, picture.Save);
        _files.Add(path);
    }

    /// <inheritdoc/>
    public override string ToString() => _files.Count == 1 ? $"1 picture to {_files[0]}" : $"{_files.Count} pictures to {folder}";
}
