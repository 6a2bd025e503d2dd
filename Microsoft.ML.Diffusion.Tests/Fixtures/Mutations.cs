using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Ways to damage a file, by accident or in order to do harm; each change is decided by the random numbers alone.</summary>
internal static partial class Mutations
{
    private static readonly string[] _numbers =
        ["0", "-1", "1", "7", "2147483647", "2147483648", "-9223372036854775808", "9223372036854775807", "18446744073709551616", "1e308", "1e999", "-0", "0.5", "\"NaN\"", "\"Infinity\"", "null", "[]", "{}", "true", "\"\\ud800\""];
    private static readonly string[] _names =
        ["../evil.txt", "../../../evil.txt", "/evil.txt", "C:\\evil.txt", "..\\evil.txt", "a/../../evil.txt", "a//b", "./x", "evil\0.txt", "evil\n.txt", "TransformerChain/../../evil.txt", "\u202eevil", "a/", "~/../evil.txt"];

    /// <summary>Damages bytes that are nothing in particular.</summary>
    public static byte[] Bytes(byte[] file, Random random)
    {
        var copy = file.ToArray();
        switch (random.Next(6))
        {
            case 0:
                for (var flips = random.Next(1, 17); flips > 0; flips--)
                {
                    copy[random.Next(copy.Length)] ^= (byte)(1 << random.Next(8));
                }

                return copy;
            case 1:
                return copy[..random.Next(copy.Length)];
            case 2:
                return [.. copy, .. RandomBytes(random, random.Next(1, 100))];
            case 3: // a piece is gone
                var start = random.Next(copy.Length);
                return [.. copy[..start], .. copy[Math.Min(copy.Length, start + random.Next(1, 200))..]];
            case 4: // two pieces change places
                var (a, b) = (random.Next(copy.Length / 2), random.Next(copy.Length / 2, copy.Length));
                var length = Math.Min(random.Next(1, 64), Math.Min(b - a, copy.Length - b));
                (byte[] first, byte[] second) = (copy[a..(a + length)], copy[b..(b + length)]);
                second.CopyTo(copy, a);
                first.CopyTo(copy, b);
                return copy;
            default:
                return WithNumber(copy, random, random.Next(Math.Max(1, copy.Length - 8)));
        }
    }

    /// <summary>Damages a zip: its bytes, the lengths and offsets in its records, its entries, or their names.</summary>
    public static byte[] Zip(byte[] file, Random random)
    {
        switch (random.Next(10))
        {
            case 0 or 1:
                return Bytes(file, random);
            case 2 or 3:
                return Record(file, random);
            case 4: // a path that leads elsewhere
                return SavedModel.Write([.. SavedModel.Read(file), (_names[random.Next(_names.Length)], RandomBytes(random, 100))]);
            case 5: // twice, or under another's name
                var entries = SavedModel.Read(file);
                var (from, to) = (random.Next(entries.Count), random.Next(entries.Count));
                return SavedModel.Write([.. entries, (entries[from].Name, entries[to].Content)]);
            case 6 when random.Next(5) == 0: // inflates to more than a hundred times the file
                return SavedModel.Write(
                    SavedModel.Read(file)
                        .Select((entry, i) => i == random.Next(4) ? (entry.Name, new byte[12 << 20]) : entry)
                        .Append(("bomb", new byte[(8 << 20) + random.Next(1 << 20)])));
            case 7 when random.Next(20) == 0: // no more than names
                return SavedModel.Write(SavedModel.Read(file).Concat(Enumerable.Range(0, 5000).Select(i => ($"{i}", Array.Empty<byte>()))));
            case 6 or 7 or 8:
                return SavedModel.With(file, "config.json", content => Json(content, random));
            default:
                var name = ((string[])["Model.key", "weights.safetensors", "Schema", "Version.txt"])[random.Next(4)];
                return SavedModel.With(file, name, content => random.Next(10) == 0 ? null : Bytes(content, random));
        }
    }

    /// <summary>Damages JSON: its bytes, its numbers, its depth.</summary>
    public static byte[] Json(byte[] file, Random random)
    {
        var text = Encoding.UTF8.GetString(file);
        switch (random.Next(6))
        {
            case 0:
                return Bytes(file, random);
            case 1 or 2:
                return Replace(text, Values(), _numbers[random.Next(_numbers.Length)], random);
            case 3: // deep
                var depth = random.Next(10, 100_000);
                return Replace(text, Values(), new string('[', depth) + new string(']', random.Next(2) * depth), random);
            case 4: // long
                return Replace(
                    text,
                    Values(),
                    $"[{string.Join(',', Enumerable.Repeat(_numbers[random.Next(_numbers.Length)], random.Next(1, 10_000)))}]",
                    random);
            default: // a field is missing
                return Replace(text, Fields(), "\"other\":", random);
        }
    }

    /// <summary>Damages a safetensors file: its header's text, its length, or any byte.</summary>
    public static byte[] Safetensors(byte[] file, Random random)
    {
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        switch (random.Next(3))
        {
            case 0:
                return Bytes(file, random);
            case 1:
                return WithNumber(file.ToArray(), random, 0);
            default:
                var json = Json(file[8..(8 + length)], random);
                return [.. BitConverter.GetBytes((long)json.Length), .. json, .. file[(8 + length)..]];
        }
    }

    // A field of a local header, of the list of entries, or of the end.
    private static byte[] Record(byte[] file, Random random)
    {
        var copy = file.ToArray();
        var records =
            Enumerable.Range(0, copy.Length - 4).Where(i => copy[i] == 'P' && copy[i + 1] == 'K' && copy[i + 2] is 1 or 3 or 5).ToArray();
        var position = records[random.Next(records.Length)] + random.Next(4, 46);
        return position < copy.Length - 8 ? WithNumber(copy, random, position) : copy[..position.Clamp(copy.Length)];
    }

    private static int Clamp(this int value, int maximum) => Math.Min(value, maximum);

    private static byte[] WithNumber(byte[] bytes, Random random, int position)
    {
        var numbers =
            (long[])[0, 1, -1, int.MaxValue, uint.MaxValue, long.MaxValue, long.MinValue, bytes.Length, bytes.Length - 1, random.Next(), random.NextInt64()];
        var number = BitConverter.GetBytes(numbers[random.Next(numbers.Length)]);
        number.AsSpan(0, Math.Min(bytes.Length - position, 1 << random.Next(4))).CopyTo(bytes.AsSpan(position));
        return bytes;
    }

    private static byte[] Replace(string text, Regex pattern, string replacement, Random random)
    {
        var matches = pattern.Matches(text);
        var match = matches[random.Next(matches.Count)];
        return Encoding.UTF8.GetBytes(string.Concat(text.AsSpan(0, match.Index), replacement, text.AsSpan(match.Index + match.Length)));
    }

    private static byte[] RandomBytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    [GeneratedRegex(@"(?<=[:\[,]\s*)(-?[0-9.]+|""[^""]*""|true|false|null)(?=\s*[,\]}])")]
    private static partial Regex Values();

    [GeneratedRegex(@"""[a-z_0-9]+""\s*:")]
    private static partial Regex Fields();
}
