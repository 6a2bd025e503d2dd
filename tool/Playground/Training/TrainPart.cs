using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Diffusion.Tool.Playground.Training;

/// <summary>Behind the tab Train: what a training does, and the three things that a page may ask of it.</summary>
internal sealed class TrainPart(WatchedTraining training) : IPlaygroundPart
{
    /// <summary>The most pages that look at once.</summary>
    public const int MostViewers = 64;

    private static readonly TimeSpan _betweenUpdates = TimeSpan.FromSeconds(1); // what pages draw more often costs the training its time
    private static readonly TimeSpan _betweenLooks = TimeSpan.FromSeconds(0.1);
    private static readonly TimeSpan _longSilence = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(3);

    private int _viewers;

    /// <inheritdoc/>
    public string Name => "train";

    /// <inheritdoc/>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/train/events", AnswerAsync);
        routes.MapPost("/api/train/pause", http => DoAsync(http, training.Pause)).RequireToken();
        routes.MapPost("/api/train/resume", http => DoAsync(http, training.Resume)).RequireToken();
        routes.MapPost("/api/train/stop", http => DoAsync(http, training.Stop)).RequireToken();
    }

    /// <summary>Waits until all pages know how it ended, but not long.</summary>
    public async Task DrainAsync()
    {
        for (var wait = TimeSpan.Zero; wait < _farewell && Volatile.Read(ref _viewers) > 0; wait += _betweenLooks)
        {
            await Task.Delay(_betweenLooks);
        }
    }

    private async Task AnswerAsync(HttpContext http)
    {
        try
        {
            if (Interlocked.Increment(ref _viewers) > MostViewers)
            {
                throw new ProblemException(
                    StatusCodes.Status429TooManyRequests,
                    $"{MostViewers} pages look at this training already, which is the most. Close one of them.");
            }

            await StreamAsync(http, http.Request.Query["since"]);
        }
        finally
        {
            Interlocked.Decrement(ref _viewers);
        }
    }

    // Nothing is queued for a page: when it is ready for more, it is told what it lacks by then.
    private async Task StreamAsync(HttpContext http, string? since)
    {
        var gone = http.RequestAborted;
        http.Response.ContentType = "text/event-stream";
        while (true)
        {
            var update = training.Feed.Since(since);
            await http.Response.WriteAsync($"event: update\ndata: {update.ToJson()}\n\n", gone);
            await http.Response.Body.FlushAsync(gone);
            if (update.IsLast)
            {
                return;
            }

            since = update.Id;
            await Task.Delay(_betweenUpdates, gone);
            await Task.WhenAny(training.Feed.WaitAsync(update.Number, gone), Task.Delay(_longSilence, gone));
            gone.ThrowIfCancellationRequested();
        }
    }

    private static Task DoAsync(HttpContext http, Func<bool> action) => action()
        ? Answer.JsonAsync(http, new { })
        : throw new ProblemException(StatusCodes.Status409Conflict, "The training cannot do that now. The page shows what it does.");
}
