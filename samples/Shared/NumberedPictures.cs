using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>
/// A folder of 00000.png, 00001.png, ... An earlier run's are those up to the first number that is missing; any other file in the folder is
/// somebody else's.
/// </summary>
/// <param name="folder">The folder, which exists.</param>
/// <param name="first">The number of the first picture. Beside a part of a run lie others, so that nothing behind it is an earlier run's; <see langword="null"/> is 0 for a run that is no part.</param>
public sealed class NumberedPictures(string folder, long? first = null)
{
    private readonly int _earlier = first is null ? Numbered(folder, 0).TakeWhile(File.Exists).Count() : 0;
    private readonly List<string> _files = [];

    /// <summary>Gets the paths that were written.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>Finds the first of so many numbered pictures, from a number on, that is in a folder already; <see langword="null"/> if none is.</summary>
    public static string? FindFirst(string folder, int count, long first = 0) =>
        Directory.Exists(folder) ? Numbered(folder, first).Take(count).FirstOrDefault(File.Exists) : null;

    /// <summary>Writes the next picture, in the place of an earlier run's.</summary>
    public void Add(MLImage picture)
    {
        ArgumentNullException.ThrowIfNull(picture);
        var path = Path.Combine(folder, NameOf((first ?? 0) + _files.Count));
        WholeFile.Write(path, picture.Save);
        _files.Add(path);
    }

    /// <summary>Deletes what an earlier, longer run left behind the pictures that were written.</summary>
    public void DeleteRest()
    {
        for (var i = _files.Count; i < _earlier; i++)
        {
            File.Delete(Path.Combine(folder, NameOf(i)));
        }
    }

    /// <inheritdoc/>
    public override string ToString() => _files.Count == 1 ? $"1 picture to {_files[0]}" : $"{_files.Count} pictures to {folder}";

    /// <summary>The name of the file of a picture.</summary>
    public static string NameOf(long number) => $"{number.ToString("D5", CultureInfo.InvariantCulture)}.png";

    private static IEnumerable<string> Numbered(string folder, long first) =>
        Enumerable.Range(0, int.MaxValue).Select(i => Path.Combine(folder, NameOf(first + i)));
}
