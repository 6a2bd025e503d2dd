namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Finds the name that somebody meant who typed another: what errors suggest.</summary>
internal static class NearestName
{
    private const int LettersPerMistake = 3;
    private const int MostListed = 20;
    private const int MostCompared = 64; // a longer text is no name that was mistyped

    /// <summary>The nearest of some names, if it is near enough to have been meant: one letter in three may be wrong, case not counted.</summary>
    /// <returns>The first of the nearest; null if none is near.</returns>
    public static string? Of(string? typed, IEnumerable<string> names)
    {
        if (typed is not { Length: > 0 and <= MostCompared })
        {
            return null;
        }

        var (nearest, least) = (default(string), Math.Max(1, typed.Length / LettersPerMistake) + 1);
        foreach (var name in names.Where(name => Math.Abs(name.Length - typed.Length) < least))
        {
            var mistakes = name == typed ? least : Mistakes(typed.ToUpperInvariant(), name.ToUpperInvariant());
            if (mistakes < least && mistakes < name.Length)
            {
                (nearest, least) = (name, mistakes);
            }
        }

        return nearest;
    }

    /// <summary>A sentence that asks for the nearest name, with a space before it; nothing where none is near.</summary>
    public static string Question(string? typed, IEnumerable<string> names) =>
        Of(typed, names) is { } name ? $" Did you mean '{name}'?" : "";

    /// <summary>Names for a message, the first of many.</summary>
    public static string List(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostListed)) + (names.Count > MostListed ? $" and {names.Count - MostListed} more" : "");

    /// <summary>
    /// The distance of Damerau and Levenshtein, of optimal string alignment: letters that are missing, too many, other ones, or two neighbours in each other's
    /// place.
    /// </summary>
    public static int Mistakes(string a, string b)
    {
        var (before, last, now) = (new int[b.Length + 1], Enumerable.Range(0, b.Length + 1).ToArray(), new int[b.Length + 1]);
        for (var i = 1; i <= a.Length; i++)
        {
            now[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var changed = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                now[j] = Math.Min(changed, Math.Min(last[j], now[j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    now[j] = Math.Min(now[j], before[j - 2] + 1);
                }
            }

            (before, last, now) = (last, now, before);
        }

        return last[b.Length];
    }
}
