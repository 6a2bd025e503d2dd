using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground.Editing;

/// <summary>Behind the tab Edit: a part of an image painted anew, its variations, and what the model makes of it.</summary>
/// <param name="models">The models.</param>
/// <param name="queue">What computes.</param>
/// <param name="images">The folder of the training images; null if none was given.</param>
internal sealed class EditPart(IReadOnlyList<ServedModel> models, WorkQueue queue, string? images) : IPlaygroundPart
{
    private readonly TrainingImages? _training = images is null ? null : new(images);

    /// <inheritdoc/>
    public string Name => "edit";

    /// <inheritdoc/>
    public object About => new { HasImages = _training is not null };

    /// <inheritdoc/>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/edit/image", OpenAsync);
        routes.MapPost("/api/edit/generate", http => AnswerAsync(http, (model, request, options) =>
            request.Label < 0 ? model.Generate(1, options) : model.Generate([request.Label], options)));
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
        using var image = await queue.RunAsync(_ => ReceivedImage.Read(bytes, model), http.RequestAborted);
        await Answer.BytesAsync(http, image.ToPng(), "image/png");
    }

    private static MLImage[] Inpaint(DiffusionTransformer model, EditRequest request, GenerationOptions options)
    {
        using var image = ReceivedImage.Read(EditRequest.Given(request.Image, "image"), model);
        using var mask = ReceivedImage.Read(EditRequest.Given(request.Mask, "mask"), model);
        return model.Inpaint([.. Enumerable.Repeat(image, request.Count)], [mask], request.Resamplings, options, request.Labels(request.Count));
    }

    private static MLImage[] Vary(DiffusionTransformer model, EditRequest request, GenerationOptions options)
    {
        using var image = ReceivedImage.Read(EditRequest.Given(request.Image, "image"), model);
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
            events.Send("images", new { Images = made.Select(image => image.ToPng()).ToList() });
            Array.ForEach(made, image => image.Dispose());
        });
    }

    private async Task EncodeAsync(HttpContext http)
    {
        var request = await Answer.ReadAsync<EditRequest>(http);
        var model = request.Of(models);
        await EventStream.AnswerAsync(http, async events =>
        {
            using var image = ReceivedImage.Read(EditRequest.Given(request.Image, "image"), model);
            var encoding = new Encoding(model, image, request);
            await queue.RunAsync(token => Tell("reconstruction", encoding.Reconstruct(new Share(events), token)), http.RequestAborted);
            if (_training is not null)
            {
                await queue.RunAsync(token => Tell("nearest", _training.Nearest(image, model, token)), http.RequestAborted);
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
