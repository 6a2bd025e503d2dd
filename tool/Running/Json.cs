using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Diffusion.Tool.Running;

/// <summary>How documents of --json are written: names as in model files and in Python's diffusers, texts readable.</summary>
internal static class Json
{
    private static readonly JsonSerializerOptions _options = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // nothing of it goes into a web page
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static string Text(object document) => JsonSerializer.Serialize(document, _options);

    /// <summary>Reads a document that <see cref="Text"/> wrote, in which nothing is missing.</summary>
    /// <exception cref="JsonException">It is another one.</exception>
    public static T Read<T>(ReadOnlySpan<byte> document) =>
        JsonSerializer.Deserialize<T>(document, _options) ?? throw new JsonException("The document is empty.");
}
