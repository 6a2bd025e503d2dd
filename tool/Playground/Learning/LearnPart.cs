using Diffusion.Tool.Playground.Editing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using static Diffusion.Tool.Playground.ImageQuery;

namespace Diffusion.Tool.Playground.Learning;

/// <summary>Behind the tab Learn: what noise does to an image, what the network makes of it, and what a sampler makes of that.</summary>
/// <param name="models">The models.</param>
/// <param name="queue">What computes.</param>
/// <param name="images">What reads the images that pages send.</param>
internal sealed class LearnPart(IReadOnlyList<ServedModel> models, WorkQueue queue, ImageReader images) : IPlaygroundPart
{
    /// <inheritdoc/>
    public string Name => "learn";

    /// <inheritdoc/>
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/learn/step", StepAsync);
        routes.MapPost("/api/learn/race", RaceAsync);
    }

    private async Task StepAsync(HttpContext http)
    {
        var request = await Answer.ReadAsync<LearnRequest>(http);
        var model = Of(request);
        using var image = images.Read(EditRequest.Given(request.Image, "image"), model, http.RequestAborted);
        await Answer.JsonAsync(http, await queue.RunAsync(_ => ReverseStep.Of(model, image, request).ToDocument(), http.RequestAborted));
    }

    private async Task RaceAsync(HttpContext http)
    {
        var request = await Answer.ReadAsync<LearnRequest>(http);
        var model = Of(request);
        await EventStream.AnswerAsync(http, async events =>
        {
            var ends = await queue.RunAsync(token => new Race(model, request).Run(frame => events.Send("frame", frame), token), http.RequestAborted);
            foreach (var image in ends.SelectMany(images => images))
            {
                image.Dispose();
            }
        });
    }

    private DiffusionTransformer Of(LearnRequest request)
    {
        var model = new EditRequest { Model = request.Model, Class = request.Class, Steps = request.Steps }.Of(models);
        var last = model.Schedule.NumberOfTrainingTimesteps - 1;
        Require(request.Timestep >= 0 && request.Timestep <= last, $"timestep must be from 0 to {last}, but is {request.Timestep}.");
        Require(request.Stride >= 1, $"stride must be at least 1, because a step goes down, but is {request.Stride}.");
        Require(request.Eta is >= 0 and <= 1, FormattableString.Invariant($"eta must be from 0 to 1, the share of DDPM's noise, but is {request.Eta}."));
        return model;
    }
}
