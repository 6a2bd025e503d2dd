using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;

namespace Diffusion.Tool.Playground;

/// <summary>The tab Walk: images anywhere between four corners.</summary>
internal sealed class WalkPart(IReadOnlyList<ServedModel> models, WorkQueue queue, ImageReader reader) : IPlaygroundPart
{
    private const double Delay = 0.08;

    private readonly WalkLatents _latents = new(reader);

    public string Name => "walk";

    public object About => new { WalkQuery.MostPoints, PlaygroundServer.MostBytes };

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/walk", async http =>
        {
            var walk = (await Answer.ReadAsync<WalkQuery>(http)).Resolve(models);
            var images = await queue.RunAsync(token => Png.Take(_latents.Decode(walk, token)), http.RequestAborted);
            await Answer.JsonAsync(http, new { Images = images });
        });
        routes.MapPost("/api/walk/gif", async http =>
        {
            var walk = (await Answer.ReadAsync<WalkQuery>(http)).Resolve(models);
            var film = await queue.RunAsync(token => GifFile.Take(_latents.Decode(walk, token), Delay, Delay), http.RequestAborted);
            await Answer.BytesAsync(http, film, "image/gif");
        });
        routes.MapPost("/api/walk/image/{model:int}", async http =>
        {
            var served = ImageQuery.ModelOf(models, int.Parse((string)http.GetRouteValue("model")!, System.Globalization.CultureInfo.InvariantCulture));
            var bytes = await Answer.ReadBytesAsync(http, PlaygroundServer.MostBytes);
            var image = await queue.RunAsync(token => reader.Read(bytes, served.Transformer, token), http.RequestAborted);
            await Answer.JsonAsync(http, new { Image = Png.Take([image])[0] });
        });
    }
}
