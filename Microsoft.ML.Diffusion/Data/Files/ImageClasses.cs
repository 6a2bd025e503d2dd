using System.Globalization;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>The classes of images, as a key column has them.</summary>
internal sealed class ImageClasses
{
    private readonly uint[] _keys;

    /// <param name="labels">The class of each image; null where it has none.</param>
    /// <param name="areTyped">Whether somebody typed them: whole numbers are then in their order. Else they are names of folders.</param>
    public ImageClasses(IReadOnlyList<string?> labels, bool areTyped)
    {
        string[] names = [.. labels.OfType<string>().Distinct().Order(StringComparer.Ordinal)];
        Names = areTyped && Array.TrueForAll(names, name => Number(name) is not null) ? [.. names.OrderBy(Number)] : names;
        var keys = Names.Index().ToDictionary(one => one.Item, one => (uint)one.Index + 1, StringComparer.Ordinal);
        _keys = [.. labels.Select(label => label is null ? 0 : keys[label])];
    }

    /// <summary>The names, in their order.</summary>
    public IReadOnlyList<string> Names { get; }

    /// <summary>The key of each image: 1 for the first class, 0, a missing key, for none.</summary>
    public IReadOnlyList<uint> Keys => _keys;

    /// <summary>The number of images of each class.</summary>
    public IReadOnlyList<ImageClassCount> Count()
    {
        var counts = new int[Names.Count + 1];
        Array.ForEach(_keys, key => counts[key]++);
        return [.. Names.Select((name, index) => new ImageClassCount(name, counts[index + 1]))];
    }

    private static long? Number(string name) =>
        long.TryParse(name, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
