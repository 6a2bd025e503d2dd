using System.Text;
using Microsoft.ML.Diffusion.Data.Files;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>CSV files that are written by the rules and read again, and damaged metadata files, each decided by a number.</summary>
internal static class DamagedMetadata
{
    private const string Letters = "a,\"\n\r ;\u00e4{}[]:\\0";

    private static readonly string[] _csv = ["file_name,label\n1.png,cat\n\"2.png\",\"a \"\"dog\"\"\"\r\n3.png,\"two\nlines\"\n"];
    private static readonly string[] _jsonLines = ["{\"file_name\": \"1.png\", \"label\": \"cat\"}\n{\"file_names\": [\"2.png\", \"3.png\"], \"label\": 5, \"x\": {\"y\": [null]}}\n"];

    /// <summary>Writes records of random fields as RFC 4180 has them, and reads them.</summary>
    /// <returns>What is wrong; null if they came back.</returns>
    public static string? RoundTrip(int number)
    {
        var random = new Random(number);
        string[][] records = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Record(random, fields: random.Next(2, 5)))];
        var lineBreak = random.Next(2) == 0 ? "\n" : "\r\n";
        var text = string.Concat(records.Select(record => string.Join(',', record.Select(field => Written(field, random))) + lineBreak));

        var read = new CsvRecords(new StringReader(text)).Read().ToList();

        var isSame = read.Count == records.Length && read.Zip(records).All(pair => pair.First.Fields.SequenceEqual(pair.Second));
        return isSame ? null : $"'{text}' is read as {string.Join(" / ", read.Select(record => string.Join('|', record.Fields)))}";
    }

    /// <summary>Reads a damaged file.</summary>
    /// <returns>What is wrong; null if it was read, or refused by a line that it has.</returns>
    public static string? Damaged(int number)
    {
        var random = new Random(number);
        var isCsv = random.Next(2) == 0;
        var text = new StringBuilder((isCsv ? _csv : _jsonLines)[0]);
        for (var damages = random.Next(1, 5); damages > 0; damages--)
        {
            var place = random.Next(text.Length);
            text = random.Next(3) switch
            {
                0 => text.Remove(place, Math.Min(random.Next(1, 5), text.Length - place)).Append('x'),
                1 => text.Insert(place, Letters[random.Next(Letters.Length)]),
                _ => text.Append(text.ToString(place, text.Length - place)),
            };
        }

        var lines = text.ToString().ReplaceLineEndings("\n").Count(letter => letter == '\n') + 1;
        try
        {
            using var reader = new StringReader(text.ToString());
            _ = isCsv ? CsvMetadata.Each(reader, "label", _ => { }) : JsonLinesMetadata.Each(reader, "label", _ => { });
            return null;
        }
        catch (BrokenLineException refused)
        {
            var line = int.Parse(refused.Message["line ".Length..refused.Message.IndexOf(':', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture);
            return line >= 1 && line <= lines ? null : $"'{text}': {refused.Message}";
        }
        catch (Exception other)
        {
            return $"'{text}': {other}";
        }
    }

    private static string[] Record(Random random, int fields) =>
        [.. Enumerable.Range(0, fields).Select(_ => string.Concat(Enumerable.Range(0, random.Next(6)).Select(_ => Letters[random.Next(7)])))];

    private static string Written(string field, Random random) =>
        field.AsSpan().IndexOfAny("\",\r\n") >= 0 || random.Next(4) == 0 ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field;
}
