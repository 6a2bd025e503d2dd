using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground;

/// <summary>The tab Generate: images on their way out of the noise.</summary>
internal sealed class GeneratePart(IReadOnlyList<ServedModel> models, WorkQueue queue) : IPlaygroundPart
{
    private const int MostKept = 26;
    private const double Delay = 0.1;
    private const double Rest = 2.5;

    public string Name => "generate";

    public object About => new { ImageQuery.MostImages, ImageQuery.MostSteps, ImageQuery.MostWork };

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/generate", async http =>
        {
            var run = await ReadAsync(http);
            await EventStream.AnswerAsync(http, events => GenerateAsync(run, events, http.RequestAborted));
        });
        routes.MapPost("/api/generate/path", async http =>
        {
            var run = await ReadAsync(http);
            await Answer.JsonAsync(http, new { AlphaBars = run.Options.Sampler.AlphaBars(run.Served.Transformer.Schedule) });
        });
        routes.MapPost("/api/generate/code", async http => await Answer.JsonAsync(http, new { Code = CSharpCode.Of(await ReadAsync(http)) }));
        routes.MapPost("/api/generate/gif", async http =>
        {
            var run = await ReadAsync(http);
            var film = await queue.RunAsync(token => Film(run, token), http.RequestAborted);
            await Answer.BytesAsync(http, film, "image/gif");
        });
    }

    private async Task<ImageRun> ReadAsync(HttpContext http) => (await Answer.ReadAsync<ImageQuery>(http)).Resolve(models);

    private async Task GenerateAsync(ImageRun run, EventStream events, CancellationToken gone)
    {
        if (queue.Length > 0)
        {
            events.Send("queued", new { Before = queue.Length });
        }

        await queue.RunAsync(
            token =>
            {
                var start = TimeProvider.System.GetTimestamp();
                var kept = run.Kept(MostKept);
                events.Send("start", new { run.Steps, Kept = kept.Order() });
                var images = run.Generate(snapshot => Tell(run, snapshot, kept, events), token);
                var took = TimeProvider.System.GetElapsedTime(start);
                events.Send("done", new { Images = Png.Take(images), Seconds = took.TotalSeconds, Calls = PlaygroundSamplers.CallsOf(run.Options.Sampler) });
                return true;
            },
            gone);
    }

    private static void Tell(ImageRun run, SamplingSnapshot snapshot, HashSet<int> kept, EventStream events)
    {
        if (kept.Contains(snapshot.Step))
        {
            events.Send("frame", new
            {
                snapshot.Step,
                snapshot.AlphaBar,
                First = snapshot.FirstImage,
                X = Png.Take(run.Asked(snapshot.GetSampleImages(), snapshot.FirstImage)),
                X0 = Png.Take(run.Asked(snapshot.GetPredictedOriginalImages(), snapshot.FirstImage)),
            });
        }
    }

    private static byte[] Film(ImageRun run, CancellationToken token)
    {
        var kept = run.Kept(MostKept);
        var frames = kept.ToDictionary(step => step, _ => new MLImage[run.Count]);
        var images = run.Generate(
            snapshot =>
            {
                if (kept.Contains(snapshot.Step))
                {
                    run.Asked(snapshot.GetSampleImages(), snapshot.FirstImage).CopyTo(frames[snapshot.Step], snapshot.FirstImage);
                }
            },
            token);
        Array.ForEach(images, image => image.Dispose());
        var columns = (int)Math.Ceiling(Math.Sqrt(run.Count));
        return GifFile.Take(
            [.. kept.Order().Select(step => ImageGrid.Create(frames[step], columns, padding: run.Count > 1 ? 1 : 0))],
            Delay,
            Rest);
    }
}
