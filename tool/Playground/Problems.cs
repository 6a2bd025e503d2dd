using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;

namespace Diffusion.Tool.Playground;

/// <summary>What is answered instead of a result: a problem (RFC 9457), whose detail a page shows as it is.</summary>
internal static class Problems
{
    /// <summary>Answers with a problem.</summary>
    public static Task WriteAsync(HttpContext http, int status, string detail)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        return http.Response.WriteAsync(JsonSerializer.Serialize(
            new { Title = ReasonPhrases.GetReasonPhrase(status), Status = status, Detail = detail },
            JsonSerializerOptions.Web));
    }
}

/// <summary>A request that cannot be done, and why, for who sent it.</summary>
/// <param name="status">Of the answer, 4xx.</param>
/// <param name="detail">What must hold, and why.</param>
internal sealed class ProblemException(int status, string detail) : Exception(detail)
{
    public int Status { get; } = status;
}
