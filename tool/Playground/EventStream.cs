using System.Text.Json;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Diffusion.Tool.Playground;

/// <summary>Server-sent events: what happens is written as soon as it does, whichever thread tells it.</summary>
internal sealed class EventStream
{
    private readonly Channel<string> _events = Channel.CreateUnbounded<string>(new UnboundedChannelOptions { SingleReader = true });

    /// <summary>Tells the page something. It does not wait for the page.</summary>
    public void Send(string name, object data) => _events.Writer.TryWrite($"event: {name}\ndata: {JsonSerializer.Serialize(data, Answer.Json)}\n\n");

    /// <summary>Answers a request by the events of some work, the last of them <c>fault</c> if it fails.</summary>
    /// <param name="http">The request.</param>
    /// <param name="work">Tells the events.</param>
    public static async Task AnswerAsync(HttpContext http, Func<EventStream, Task> work)
    {
        var stream = new EventStream();
        var working = stream.DoAsync(work, http.RequestAborted);
        http.Response.ContentType = "text/event-stream";
        try
        {
            await http.Response.StartAsync(http.RequestAborted);
            await foreach (var text in stream._events.Reader.ReadAllAsync(http.RequestAborted))
            {
                await http.Response.WriteAsync(text, http.RequestAborted);
                await http.Response.Body.FlushAsync(http.RequestAborted);
            }
        }
        finally
        {
            await working;
        }
    }

    private async Task DoAsync(Func<EventStream, Task> work, CancellationToken gone)
    {
        try
        {
            await work(this);
        }
        catch (OperationCanceledException) when (gone.IsCancellationRequested)
        {
        }
        catch (Exception error)
        {
            var (status, detail) = FaultHandling.Of(error);
            Send("fault", new { Status = status, Detail = detail });
        }
        finally
        {
            _events.Writer.Complete();
        }
    }
}
