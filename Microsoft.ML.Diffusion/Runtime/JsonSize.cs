using System.Text.Json;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>How much there is in a JSON text, found without taking memory for any of it.</summary>
internal static class JsonSize
{
    private const int MaximumDepth = 16;
    private const int MaximumShown = 60;

    /// <summary>Reads over a text once, before a reader takes memory for what is in it.</summary>
    /// <param name="json">The text, in UTF-8.</param>
    /// <param name="maximumTokens">The most values, names, and beginnings and ends of lists that it may have.</param>
    /// <exception cref="JsonException">It has more, or is no JSON; the message names the key at which it goes wrong.</exception>
    public static void Check(ReadOnlySpan<byte> json, int maximumTokens)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaximumDepth });
        ReadOnlySpan<byte> key = [];
        try
        {
            for (var tokens = 0; reader.Read(); tokens++)
            {
                if (reader.TokenType == JsonTokenType.PropertyName)
                {
                    key = reader.ValueSpan;
                }

                if (tokens == maximumTokens)
                {
                    throw new JsonException($"it holds more than {maximumTokens} values");
                }
            }
        }
        catch (JsonException exception) when (!key.IsEmpty)
        {
            throw new JsonException($"{exception.Message.TrimEnd('.')}, at or behind the key '{Shown(key)}'.", exception);
        }
    }

    private static string Shown(ReadOnlySpan<byte> key) => string.Concat(
        System.Text.Encoding.UTF8.GetString(key[..Math.Min(key.Length, MaximumShown)]).Where(c => !char.IsControl(c)));
}
