using Microsoft.Extensions.Primitives;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;

namespace WebApi;

/// <summary>Answers GET /images/{class} with a PNG: the image of a class and a seed, or several side by side.</summary>
/// <remarks>
/// An address with a seed gives the same image for as long as the model stays: it may be kept, and who asks whether it still holds is told so without generating.
/// Without a seed the answer says in Content-Location at which address it is to be had again.
/// </remarks>
internal sealed class ImageEndpoint(BatchingGenerator generator, ServiceSettings settings)
{
    public async Task<IResult> GetAsync(HttpContext http)
    {
        var model = generator.Model;
        string? className;
        ImageQuery query;
        try
        {
            className = ClassOf(http, model);
            query = ImageQuery.Read(http.Request.Query, settings, model);
        }
        catch (Exception e) when (e is FormatException or ArgumentOutOfRangeException)
        {
            return Results.Problem(OptionMessages.Format(e, NameOf), statusCode: StatusCodes.Status400BadRequest);
        }

        var tag = ImageTag.Of(model, className, query);
        if (query.IsSeeded && tag.IsKnownTo(http.Request))
        {
            SetHeaders(http.Response, className, query, tag);
            return Results.StatusCode(StatusCodes.Status304NotModified);
        }

        var images = GenerateAsync(query.Requests(className), http.RequestAborted);
        var isOfModel = generator.Model == model; // by which model is decided by now
        var png = Encode(await images);
        SetHeaders(http.Response, className, query, isOfModel ? tag : null);
        return Results.Bytes(png, "image/png");
    }

    // The names of options as they are in addresses.
    private static string? NameOf(string option) => option switch
    {
        "className" => "class",
        nameof(DiffusionOptions.LabelColumnName) => "classes",
        _ => null,
    };

    private static string? ClassOf(HttpContext http, DiffusionTransformer model)
    {
        // A slash that is escaped is left so by the server, since it would look like one that parts.
        if ((http.GetRouteValue("class") as string)?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase) is not { Length: > 0 } name)
        {
            return null;
        }

        return model.ClassNames[model.LabelOf(name)];
    }

    private static byte[] Encode(MLImage[] images)
    {
        try
        {
            if (images is [var one])
            {
                return one.ToPng();
            }

            using var grid = ImageGrid.Create(images, columns: (int)Math.Ceiling(Math.Sqrt(images.Length)));
            return grid.ToPng();
        }
        finally
        {
            Array.ForEach(images, image => image.Dispose());
        }
    }

    private static void SetHeaders(HttpResponse response, string? className, ImageQuery query, ImageTag? tag)
    {
        var isLasting = tag is not null && query.IsSeeded;
        response.Headers.ETag = isLasting ? tag!.ToString() : StringValues.Empty;
        response.Headers.CacheControl = isLasting ? "public, no-cache" : "no-store"; // kept, but asked about: the model may be another one by then
        response.Headers.ContentLocation = $"/images{(className is null ? "" : $"/{Uri.EscapeDataString(className)}")}?{query}";
    }

    private async Task<MLImage[]> GenerateAsync(ImageRequest[] requests, CancellationToken aborted)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(aborted);
        Task<MLImage>[] images = [.. requests.Select(request => generator.GenerateAsync(request, stop.Token))];
        if (Array.Exists(images, image => image.IsFaulted))
        {
            await stop.CancelAsync(); // the queue had no place for one: none of them is needed
        }

        try
        {
            return await Task.WhenAll(images);
        }
        catch
        {
            Array.ForEach(Array.FindAll(images, image => image.IsCompletedSuccessfully), image => image.Result.Dispose());
            throw;
        }
    }
}
