using System.CommandLine;
using System.CommandLine.Parsing;
using System.Drawing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Diffusion.Tool.Options;

/// <summary>Options of numbers, choices and lists, whose mistakes are told in one line that names them.</summary>
internal static partial class Values
{
    /// <summary>How a description ends of what is planned for the time of a training.</summary>
    /// <param name="other">The default of a training by steps or epochs.</param>
    public static string Planned<T>(T other) => FormattableString.Invariant($"[default: planned; with --steps or --epochs {other}]");

    /// <summary>A whole number.</summary>
    /// <param name="name">The option.</param>
    /// <param name="value">What help calls its value.</param>
    /// <param name="description">What it does.</param>
    /// <param name="minimum">The least that it may be.</param>
    public static Option<int?> Whole(string name, string value, string description, int? minimum = 1) => Parsed<int?>(
        name,
        value,
        description,
        text => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) && !(number < minimum)
            ? number
            : null,
        minimum is null ? "a whole number" : $"a whole number of at least {minimum}");

    /// <summary>A seed, of which all 64 bits count.</summary>
    public static Option<long?> Seed(string description) => Parsed<long?>(
        "--seed",
        "N",
        description,
        text => long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null,
        "a whole number");

    /// <summary>A number.</summary>
    public static Option<double?> Real(string name, string value, string description) => Parsed<double?>(
        name,
        value,
        description,
        text => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : null,
        "a number");

    /// <summary>A name, such as that of a file.</summary>
    public static Option<string?> Text(string name, string value, string description, params string[] aliases) =>
        Parsed<string?>(name, value, description, text => text, "a text", aliases);

    /// <summary>A device, as the library names it; whether it is there shows later.</summary>
    public static Option<string?> Device(string name, string description) => Parsed<string?>(
        name, "NAME", description, text => DeviceName().IsMatch(text) ? text : null, "cpu, cuda, or cuda: and the number of the card");

    /// <summary>Names, for an option that may be given several times.</summary>
    public static Option<string[]> Texts(string name, string value, string description) => new(name)
    {
        HelpName = value,
        Description = description,
        CustomParser = result => [.. result.Tokens.Select(token => Checked(name, value, token.Value, result)).OfType<string>()],
    };

    /// <summary>One of some words.</summary>
    public static Option<string?> Choice(string name, string value, string description, IReadOnlyList<string> choices)
    {
        var option =
            Parsed<string?>(
                name,
                value,
                description,
                text => choices.Contains(text) ? text : null,
                $"{string.Join(", ", choices.SkipLast(1))} or {choices[^1]}");
        option.CompletionSources.Add([.. choices]);
        return option;
    }

    /// <summary>Whole numbers with commas between them; "none" is an empty list where that may be.</summary>
    public static Option<int[]?> List(string name, string description, bool mayBeNone = false) => Parsed(
        name,
        "LIST",
        description,
        text => mayBeNone && text == "none" ? [] : ToNumbers(text),
        $"whole numbers with commas between them, such as 1,2,2{(mayBeNone ? ", or none" : "")}");

    /// <summary>A length of time: 90s, 45m, 1.5h, 2d or h:mm:ss.</summary>
    public static Option<TimeSpan?> Time(string name, string description) => Parsed(
        name, "TIME", description, ToTime, "a time above zero such as 90s, 45m, 1.5h, 2d or 1:30:00");

    /// <summary>Width and height in pixels: 64, or 96x64.</summary>
    public static Option<(int Width, int Height)?> Size(string name, string description) => Parsed(
        name, "PIXELS", description, ToSize, "a number of pixels such as 64, or width and height such as 96x64");

    /// <summary>A colour by its name, or by red, green and blue in hexadecimal digits as in a style sheet.</summary>
    public static Option<Color?> Colour(string name, string description) => Parsed<Color?>(
        name, "COLOUR", description, ToColour, "the name of a colour such as black, or its red, green and blue such as #ff8000");

    /// <summary>The numbers that become black and white.</summary>
    public static Option<PixelRange?> Range(string name, string description) => Parsed(
        name, "RANGE", description, ToRange, "automatic, full, used, percentiles, or two numbers that rise such as 0..4095");

    /// <summary>A list, or null if it was not typed.</summary>
    public static int[]? Given(this ParseResult parsed, Option<int[]?> option) => parsed.IsGiven(option) ? parsed.GetValue(option) : null;

    /// <summary>Whether an option was typed.</summary>
    public static bool IsGiven(this ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>A number in a text of help.</summary>
    public static string Number(double number) => number.ToString(CultureInfo.InvariantCulture);

    private static Option<T?> Parsed<T>(
        string name,
        string value,
        string description,
        Func<string, T?> parse,
        string rule,
        params string[] aliases)
    {
        T? Parse(ArgumentResult result)
        {
            if (Checked(name, value, result.Tokens[0].Value, result) is not { } text)
            {
                return default;
            }

            if (parse(text) is { } parsed)
            {
                return parsed;
            }

            result.AddError($"{name} must be {rule}, but is '{text}'.");
            return default;
        }

        return new Option<T?>(name, aliases) { HelpName = value, Description = description, CustomParser = Parse };
    }

    // The parser takes whatever follows for the value, the next option too.
    private static string? Checked(string name, string value, string text, ArgumentResult result)
    {
        if (text is not ['-', not (>= '0' and <= '9' or '.'), ..])
        {
            return text;
        }

        result.AddError(
            $"{name} needs a value, but '{text}' follows.{(value is "FILE" or "FOLDER" or "MODEL" ? $" Write ./{text} if it is the name of a {value.ToLowerInvariant()}." : "")}");
        return null;
    }

    private static Color? ToColour(string text) =>
        Hexadecimal().IsMatch(text) ? Color.FromArgb(byte.MaxValue, Color.FromArgb(int.Parse(text.AsSpan(1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)))
        : Color.FromName(text) is { IsKnownColor: true, IsSystemColor: false, A: byte.MaxValue } known ? known
        : null;

    private static PixelRange? ToRange(string text) => text switch
    {
        "automatic" => PixelRange.Automatic,
        "full" => PixelRange.Full,
        "used" => PixelRange.Used,
        "percentiles" => PixelRange.Percentiles(),
        _ => text.Split("..") is [var low, var high]
            && double.TryParse(low, NumberStyles.Float, CultureInfo.InvariantCulture, out var black)
            && double.TryParse(high, NumberStyles.Float, CultureInfo.InvariantCulture, out var white)
            && double.IsFinite(black)
            && double.IsFinite(white)
            && black < white
            ? PixelRange.Of(black, white)
            : null,
    };

    private static int[]? ToNumbers(string text)
    {
        var parts = text.Split(',');
        var numbers =
            parts.Select(
                part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
        return numbers.Contains(-1) ? null : numbers;
    }

    private static TimeSpan? ToTime(string text)
    {
        var unit = text.Length == 0 ? TimeSpan.Zero : text[^1] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => TimeSpan.Zero,
        };
        var isAmount =
            double.TryParse(
                text.AsSpan(0, Math.Max(0, text.Length - 1)),
                NumberStyles.AllowDecimalPoint,
                CultureInfo.InvariantCulture,
                out var amount);
        var time = unit > TimeSpan.Zero && isAmount && amount * unit.TotalDays < 100_000 ? unit * amount
            : text.Contains(':', StringComparison.Ordinal) && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var clock) ? clock
            : TimeSpan.Zero;
        return time > TimeSpan.Zero ? time : null;
    }

    private static (int Width, int Height)? ToSize(string text)
    {
        var sides =
            text.Split('x')
                .Select(side => int.TryParse(side, NumberStyles.None, CultureInfo.InvariantCulture, out var pixels) ? pixels : 0)
                .ToArray();
        return sides switch
        {
            [> 0 and var side] => (side, side),
            [> 0 and var width, > 0 and var height] => (width, height),
            _ => null,
        };
    }

    [GeneratedRegex("^#[0-9a-fA-F]{6}$")]
    private static partial Regex Hexadecimal();

    [GeneratedRegex("^(cpu|cuda(:[0-9]{1,3})?)$", RegexOptions.CultureInvariant)]
    private static partial Regex DeviceName();
}
