using Microsoft.AspNetCore.Http;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Playground;

/// <summary>What becomes of a request that fails, or whose page has gone.</summary>
internal static class FaultHandling
{
    /// <summary>Goes on, with a token that also ends when the server does, and turns what is thrown into problems.</summary>
    public static async Task InvokeAsync(HttpContext http, RequestDelegate next, CancellationToken stopping)
    {
        var gone = http.RequestAborted;
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(gone, stopping);
        http.RequestAborted = ended.Token;
        try
        {
            await next(http);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            http.Abort(); // nobody is there to be told
        }
        catch (Exception error)
        {
            var (status, detail) = Of(error);
            if (http.Response.HasStarted)
            {
                http.Abort();
                return;
            }

            await Problems.WriteAsync(http, status, detail);
        }
    }

    /// <summary>The status and the text of a failure: mistakes of who asked are told in the words of the library.</summary>
    public static (int Status, string Detail) Of(Exception error) => Shell.Cause(error) switch
    {
        ProblemException problem => (problem.Status, problem.Message),
        BadHttpRequestException bad => (bad.StatusCode, Shell.OneLine(bad.Message)),
        ArgumentException mistake => (StatusCodes.Status400BadRequest, Shell.OneLine(OptionMessages.Format(mistake, _ => null))),
        FormatException mistake => (StatusCodes.Status400BadRequest, Shell.OneLine(mistake.Message)),
        var other => (StatusCodes.Status500InternalServerError, $"This went wrong: {Shell.OneLine(other.Message)}"),
    };
}
