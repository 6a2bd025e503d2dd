using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground.Editing;

/// <summary>Behind the tab Edit: a part of an image painted anew, its variations, and what the model makes of it.</summary>
/// <param name="models">The models.</param>
/// <param name="queue">What computes.</param>
/// <param name="images">What reads the images that pages send.</param>
/// <param name="training">The training images; null if their folder was not given.</param>
internal sealed class EditPart(IReadOnlyList<ServedModel> models, WorkQueue queue, ImageReader images, TrainingImages? training) : IPlaygroundPart
{
    /// <inheritdoc/>
    public string Name => "edit";

    /// <inheritdoc/>
    public object About => new { HasImages = training is not null };

    /// <inheritdoc/>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/edit/image", OpenAsync);
        routes.MapPost("/api/edit/generate", http => AnswerAsync(http, (model, request, options) =>
            request.Labels(1) is { } labels ? model.Generate(labels, options) : model.Generate(1, options)));
        routes.MapPost("/api/edit/inpaint", http => AnswerAsync(http, Inpaint));
        routes.MapPost("/api/edit/vary", http => AnswerAsync(http, Vary));
        routes.MapPost("/api/edit/encode", EncodeAsync);
    }

    // Of any file an image of the model's size, from where on it travels as that.
    private async Task OpenAsync(HttpContext http)
    {
        var index = int.TryParse(http.Request.Query["model"], out var given) ? given : 0;
        var model = new EditRequest { Model = index }.Of(models);
        var bytes = await Answer.ReadBytesAsync(http, PlaygroundServer.MostBytes);
        using var image = await queue.RunAsync(token => images.Read(bytes, model, token), http.RequestAborted);
        await Answer.BytesAsync(http, image.ToPng(), "image/png");
    }

    private MLImage[] Inpaint(DiffusionTransformer model, EditRequest request, GenerationOptions options)
    {
        using var image = images.Read(EditRequest.Given(request.Image, "image"), model, options.CancellationToken);
        using var mask = images.Read(EditRequest.Given(request.Mask, "mask"), model, options.CancellationToken);
        return model.Inpaint([.. Enumerable.Repeat(image, request.Count)], [mask], request.Resamplings, options, request.Labels(request.Count));
    }

    private MLImage[] Vary(DiffusionTransformer model, EditRequest request, GenerationOptions options)
    {
        using var image = images.Read(EditRequest.Given(request.Image, "image"), model, options.CancellationToken);
        return model.ImageToImage([.. Enumerable.Repeat(image, request.Count)], request.Strength, options, request.Labels(request.Count));
    }

    private async Task AnswerAsync(HttpContext http, Func<DiffusionTransformer, EditRequest, GenerationOptions, MLImage[]> make)
    {
        var request = await Answer.ReadAsync<EditRequest>(http);
        var model = request.Of(models);
        await EventStream.AnswerAsync(http, async events =>
        {
            var made = await queue.RunAsync(
                token => make(model, request, request.Options(model, new Share(events), token)),
                http.RequestAborted);
            events.Send("images", new { Images = Png.Take(made) });
        });
    }

    private async Task EncodeAsync(HttpContext http)
    {
        var request = await Answer.ReadAsync<EditRequest>(http);
        var model = request.Of(models);
        await EventStream.AnswerAsync(http, async events =>
        {
            using var image = images.Read(EditRequest.Given(request.Image, "image"), model, http.RequestAborted);
            var encoding = new Encoding(model, image, request);
            await queue.RunAsync(token => Tell("reconstruction", encoding.Reconstruct(new Share(events), token)), http.RequestAborted);
            if (training is not null)
            {
                await queue.RunAsync(token => Tell("nearest", training.Nearest(image, model, token)), http.RequestAborted);
            }

            await queue.RunAsync(token => Tell("likelihood", encoding.Judge(new Share(events), token)), http.RequestAborted);
            bool Tell(string name, object found)
            {
                events.Send(name, found);
                return true;
            }
        });
    }

    private sealed class Share(EventStream events) : IProgress<double>
    {
        public void Report(double value) => events.Send("progress", new { Share = value });
    }
}
