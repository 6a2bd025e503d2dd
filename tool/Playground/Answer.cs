using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;

namespace Diffusion.Tool.Playground;

/// <summary>How requests are read and answered: JSON with the names of JavaScript.</summary>
internal static class Answer
{
    private const int MostJsonBytes = 4 << 20;

    /// <summary>Gets how JSON is written.</summary>
    public static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // it is never a part of a document of HTML
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals | JsonNumberHandling.AllowReadingFromString, // JavaScript has no 64 bits
        RespectNullableAnnotations = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Answers with a document.</summary>
    public static Task JsonAsync(HttpContext http, object document)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(JsonSerializer.Serialize(document, Json), http.RequestAborted);
    }

    /// <summary>Answers with a file of bytes.</summary>
    public static async Task BytesAsync(HttpContext http, byte[] bytes, string type)
    {
        http.Response.ContentType = type;
        http.Response.ContentLength = bytes.Length;
        await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
    }

    /// <summary>Reads a document that was sent.</summary>
    /// <exception cref="ProblemException">It is none, is too long, or says what is not known.</exception>
    public static async Task<T> ReadAsync<T>(HttpContext http)
    {
        if (!http.Request.HasJsonContentType())
        {
            throw new ProblemException(StatusCodes.Status415UnsupportedMediaType, "The request must be of type application/json.");
        }

        var bytes = await ReadBytesAsync(http, MostJsonBytes);
        try
        {
            return JsonSerializer.Deserialize<T>(bytes, Json)
                ?? throw new ProblemException(StatusCodes.Status400BadRequest, "The request must be a JSON object, but is null.");
        }
        catch (JsonException error)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, $"The request is no JSON that is understood here: {error.Message}");
        }
    }

    /// <summary>Reads all bytes that were sent.</summary>
    /// <exception cref="ProblemException">There are more than may be.</exception>
    public static async Task<byte[]> ReadBytesAsync(HttpContext http, int most)
    {
        Require(http.Request.ContentLength is not { } length || length <= most, most);
        using var bytes = new MemoryStream();
        var part = new byte[1 << 16];
        int read;
        while ((read = await http.Request.Body.ReadAsync(part, http.RequestAborted)) > 0)
        {
            Require(bytes.Length + read <= most, most);
            bytes.Write(part, 0, read);
        }

        return bytes.ToArray();
    }

    private static void Require(bool isShort, int most)
    {
        if (!isShort)
        {
            throw new ProblemException(StatusCodes.Status413PayloadTooLarge, $"The request has more than {most >> 20} MiB, which is the most.");
        }
    }
}
