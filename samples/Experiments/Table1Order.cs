using Experiments.Statistics;

namespace Experiments;

/// <summary>Whether more noise is worse, as table 1 of the paper has it: settled by intervals of paired differences, or not.</summary>
internal static class Table1Order
{
    /// <summary>Adds the differences between neighbouring rows and between the ends, and what agrees with the paper.</summary>
    /// <param name="report">The report.</param>
    /// <param name="cells">The cells.</param>
    /// <param name="steps">S of each column.</param>
    /// <param name="noises">The rows, from the least noise to the most; the last is sigma-hat, beyond the etas.</param>
    /// <param name="paperOf">The paper's figure of a cell; null if it has none.</param>
    public static void Add(
        Report report,
        IReadOnlyList<Table1Cell> cells,
        IReadOnlyList<int> steps,
        IReadOnlyList<string> noises,
        Func<int, string, double?> paperOf)
    {
        var steppings = steps.Select(s => (Steps: s, Pairs: Pairs(cells, s, noises))).ToList();
        var names = steppings.SelectMany(stepping => stepping.Pairs.Select(pair => (pair.Less.Noise, More: pair.More.Noise))).Distinct().ToList();
        var table = new ResultTable([new("from, to"), .. steps.Select(s => new Column($"S = {s}"))]);
        foreach (var name in names)
        {
            var row = steppings.Select(stepping => stepping.Pairs.Find(pair => (pair.Less.Noise, pair.More.Noise) == name));
            table.Add([$"{name.Noise}, {name.More}", .. row.Select(pair => pair.Less is null ? null : Text(pair))]);
        }

        report.Add($"What more noise adds, with 95 % intervals of the paired bootstrap; bold where it excludes 0, which settles the order:", table);
        report.Add($"{Summary(steppings.SelectMany(stepping => stepping.Pairs), paperOf)}");
    }

    /// <summary>What agrees with the paper, in a sentence that is made of the figures.</summary>
    public static string Summary(IEnumerable<(Table1Cell Less, Table1Cell More)> pairs, Func<int, string, double?> paperOf)
    {
        int same = 0, open = 0, unknown = 0;
        var other = new List<string>();
        foreach (var (less, more) in pairs)
        {
            var (difference, interval) = more.Beyond(less);
            var paper = paperOf(more.Steps, more.Noise) - paperOf(less.Steps, less.Noise);
            if (!interval.ExcludesZero)
            {
                open++;
            }
            else if (paper is null)
            {
                unknown++;
            }
            else if (Math.Sign(paper.Value) == Math.Sign(difference))
            {
                same++;
            }
            else
            {
                other.Add($"S = {more.Steps} from {less.Noise} to {more.Noise}");
            }
        }

        var opposite = other.Count > 0 ? $" ({string.Join("; ", other)})" : "";
        var without = unknown > 0 ? $" {unknown} settled ones are of numbers of steps that the paper does not have." : "";
        var all = same + open + unknown + other.Count;
        return $"Of {all} differences, {same} are settled in the paper's order and {other.Count} against it{opposite}; {open} are not settled.{without}";
    }

    // Neighbours, and the least eta with the largest: what small differences may add up to.
    private static List<(Table1Cell Less, Table1Cell More)> Pairs(IReadOnlyList<Table1Cell> cells, int steps, IReadOnlyList<string> noises)
    {
        var column = noises.Select(noise => cells.FirstOrDefault(cell => cell.Steps == steps && cell.Noise == noise)).OfType<Table1Cell>().ToList();
        var etas = column.Where(cell => cell.Noise != noises[^1]).ToList();
        var neighbours = column.Zip(column.Skip(1));
        return [.. etas.Count > 2 ? neighbours.Append((etas[0], etas[^1])) : neighbours];
    }

    private static string Text((Table1Cell Less, Table1Cell More) pair)
    {
        var (difference, interval) = pair.More.Beyond(pair.Less);
        var text = $"{Signed.Text(difference)} {interval}";
        return interval.ExcludesZero ? $"**{text}**" : text;
    }
}
