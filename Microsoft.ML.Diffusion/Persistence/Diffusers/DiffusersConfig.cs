using System.Globalization;
using System.Text.Json;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.Diffusers;

/// <summary>A configuration file of diffusers, read so that no value in it goes unnoticed.</summary>
/// <remarks>Every key that is asked for is struck off; <see cref="RefuseRest"/> then refuses what is left. Keys that begin with _ are notes.</remarks>
internal sealed class DiffusersConfig
{
    private const int MaximumBytes = 1 << 20;

    // The names of classes and the betas of a schedule take 20,000 at most.
    private const int MaximumValues = 50_000;

    private readonly string _path;
    private readonly Dictionary<string, JsonElement> _values;

    private DiffusersConfig(string path, Dictionary<string, JsonElement> values) => (_path, _values) = (path, values);

    /// <exception cref="FormatException">The file is no JSON object, too long, or has a key twice.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static DiffusersConfig Read(string path)
    {
        if (new FileInfo(path).Length > MaximumBytes)
        {
            throw new FormatException($"{path}: must have at most {MaximumBytes} bytes, because it holds a configuration only.");
        }

        try
        {
            var bytes = File.ReadAllBytes(path);
            JsonSize.Check(bytes, MaximumValues);
            using var document =
                JsonDocument.Parse(bytes, new JsonDocumentOptions { MaxDepth = 16, AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new FormatException($"{path}: must be a JSON object.");
            }

            var values = document.RootElement.EnumerateObject().ToDictionary(property => property.Name, property => property.Value.Clone());

            // What was saved only because it was the default then; diffusers takes today's default instead.
            if (values.GetValueOrDefault("_use_default_values") is { ValueKind: JsonValueKind.Array } defaults)
            {
                foreach (var key in defaults.EnumerateArray().Where(key => key.ValueKind == JsonValueKind.String))
                {
                    values.Remove(key.GetString()!);
                }
            }

            return new DiffusersConfig(path, values);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: half of a surrogate pair, escaped
        {
            throw new FormatException($"{path}: is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>A configuration without any value: all defaults.</summary>
    public static DiffusersConfig Empty(string source) => new(source, []);

    public int Int(string key, int missing) =>
        Take(key, out var value)
            ? value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number == (int)number
                ? (int)number
                : throw Wrong(key, value, "a whole number")
            : missing;

    public int? OptionalInt(string key, int? missing) => IsNull(key) ? null : _values.ContainsKey(key) ? Int(key, 0) : missing;

    public double Number(string key, double missing) =>
        Take(key, out var value)
            ? value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
                ? number
                : throw Wrong(key, value, "a number")
            : missing;

    public bool Flag(string key, bool missing) =>
        Take(key, out var value)
            ? value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(key, value, "true or false")
            : missing;

    public string Text(string key, string missing) =>
        OptionalText(key, missing) ?? throw Refusal(key, "null", "it must name one of what is known");

    public string? OptionalText(string key, string? missing) =>
        IsNull(key)
            ? null
            : Take(key, out var value)
                ? value.ValueKind == JsonValueKind.String ? Decoded(key, value) : throw Wrong(key, value, "a text")
                : missing;

    public int[] Ints(string key, int[] missing) =>
        List<int>(key, element => element.TryGetInt32(out var number) ? number : null) ?? missing;

    public double[]? OptionalNumbers(string key) =>
        IsNull(key) ? null : List<double>(key, element => element.TryGetDouble(out var number) && double.IsFinite(number) ? number : null);

    public string[] Texts(string key, string[] missing)
    {
        if (!Take(key, out var value))
        {
            return missing;
        }

        return value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(element => element.ValueKind == JsonValueKind.String)
            ? [.. value.EnumerateArray().Select(element => Decoded(key, element))]
            : throw Wrong(key, value, "a list of texts");
    }

    private string Decoded(string key, JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException e)
        {
            throw Damage($"{key} is no valid text: {e.Message}", e); // bytes that are no UTF-8, or half of a surrogate pair, escaped
        }
    }

    /// <summary>A number, or a list of two; null where it is null or missing.</summary>
    public (int Height, int Width)? Size(string key)
    {
        if (!_values.TryGetValue(key, out var value) || IsNull(key))
        {
            return null;
        }

        var sides = value.ValueKind == JsonValueKind.Array ? Ints(key, []) : [Int(key, 0)];
        return sides is [> 0] or [> 0, > 0] ? (sides[0], sides[^1]) : throw Wrong(key, value, "one or two positive numbers");
    }

    /// <summary>Takes a key whose value changes nothing here.</summary>
    public void Ignore(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            _values.Remove(key);
        }
    }

    /// <summary>Refuses whatever has not been asked for.</summary>
    /// <exception cref="NotSupportedException">There is such a key.</exception>
    public void RefuseRest()
    {
        if (_values.Keys.Order(StringComparer.Ordinal).FirstOrDefault(key => !key.StartsWith('_')) is { } rest)
        {
            throw Refusal(rest, Short(_values[rest]), "this key is not known, and it might change what the model does");
        }
    }

    /// <summary>The error for a value that the library cannot honour.</summary>
    public NotSupportedException Refusal(string key, object? value, string reason) =>
        new($"{_path}: {key} = {Convert.ToString(value ?? "null", CultureInfo.InvariantCulture)} is not supported: {reason}.");

    /// <summary>The error for a file that contradicts itself.</summary>
    public FormatException Damage(string message, Exception? inner = null) => new($"{_path}: {message}", inner);

    private T[]? List<T>(string key, Func<JsonElement, T?> read)
        where T : struct
    {
        if (!Take(key, out var value))
        {
            return null;
        }

        T?[] items =
            value.ValueKind == JsonValueKind.Array
                ? [.. value.EnumerateArray().Select(element => element.ValueKind == JsonValueKind.Number ? read(element) : null)]
                : [null];
        return items.All(item => item is not null)
            ? Array.ConvertAll(items, item => item!.Value)
            : throw Wrong(key, value, "a list of numbers");
    }

    private bool Take(string key, out JsonElement value) => _values.Remove(key, out value);

    private bool IsNull(string key) =>
        _values.TryGetValue(key, out var value) && value.ValueKind == JsonValueKind.Null && _values.Remove(key);

    private FormatException Wrong(string key, JsonElement value, string expected) =>
        Damage($"{key} must be {expected}, but it is {Short(value)}.");

    private static string Short(JsonElement value)
    {
        const int maximumLength = 80;

        var text = value.GetRawText();
        return text.Length > maximumLength ? text[..maximumLength] + "..." : text;
    }
}
