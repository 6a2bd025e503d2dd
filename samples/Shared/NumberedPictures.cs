using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>
/// A folder of 00000.png, 00001.png, ... An earlier run's are those up to the first number that is missing; any other file in the folder is
/// somebody else's.
/// </summary>
/// <param name="folder">The folder, which exists.</param>
public sealed class NumberedPictures(string folder)
{
    private readonly int _earlier = Numbered(folder).TakeWhile(File.Exists).Count();
    private readonly List<string> _files = [];

    /// <summary>Gets the paths that were written.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Finds the first of so many numbered pictures that is in a folder already; <see langword="null"/> if none is.</summary>
    public static string? FindFirst(string folder, int count) =>
        Directory.Exists(folder) ? Numbered(folder).Take(count).FirstOrDefault(File.Exists) : null;

    /// <summary>Writes the next picture, in the place of an earlier run's.</summary>
    public void Add(MLImage picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        var path = PathOf(folder, _files.Count);
        WholeFile.Write(path, picture.Save);
        _files.Add(path);
    }

    /// <summary>Deletes what an earlier, longer run left behind the pictures that were written.</summary>
    public void DeleteRest()
    {
        for (var i = _files.Count; i < _earlier; i++)
        {
            File.Delete(PathOf(folder, i));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => _files.Count == 1 ? $"1 picture to {_files[0]}" : $"{_files.Count} pictures to {folder}";

    private static IEnumerable<string> Numbered(string folder) => Enumerable.Range(0, int.MaxValue).Select(i => PathOf(folder, i));

    private static string PathOf(string folder, int number) =>
        Path.Combine(folder, $"{number.ToString("D5", CultureInfo.InvariantCulture)}.png");
}
