using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.ML.Diffusion;

namespace WebApi;

/// <summary>Turns what the generator throws into problems (RFC 9457): a full queue and a service that ends are 503, anything else is our fault.</summary>
internal sealed partial class FaultHandler(IProblemDetailsService problems, ServiceFaults faults, ILogger<FaultHandler> log) : IExceptionHandler
{
    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var (status, detail) = exception switch
        {
            QueueFullException full => (StatusCodes.Status503ServiceUnavailable, full.Message),
            ObjectDisposedException => (StatusCodes.Status503ServiceUnavailable, "The service ends."),
            BadHttpRequestException bad => (bad.StatusCode, bad.Message),
            _ => (StatusCodes.Status500InternalServerError, "The image could not be generated."),
        };
        if (exception is QueueFullException { RetryAfter: var after })
        {
            httpContext.Response.Headers.RetryAfter = Math.Ceiling(after.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        }

        if (status == StatusCodes.Status500InternalServerError)
        {
            faults.Add(exception);
            LogFault(log, exception);
        }

        httpContext.Response.StatusCode = status;
        return problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            ProblemDetails = new ProblemDetails { Status = status, Detail = detail },
        });
    }

    [LoggerMessage(LogLevel.Error, "An image could not be generated")]
    private static partial void LogFault(ILogger log, Exception fault);
}
