using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>A tiny model with the classes even and odd for all tests of serving, and what it generates for a request alone.</summary>
internal static class ServedTiny
{
    private static readonly Lazy<DiffusionTransformer> _model = new(() => TinyModel.Train(TinyModel.Labelled));
    private static readonly Lazy<DiffusionTransformer> _other = new(() => TinyModel.Train(TinyModel.Labelled with { Seed = 2 }));

    /// <summary>Batches of four at most that start when they are full.</summary>
    public static BatchingOptions WhenFull { get; } = new() { MaximumBatchSize = 4, MaximumWait = TimeSpan.FromHours(1) };

    /// <summary>Batches of four at most that start at once.</summary>
    public static BatchingOptions AtOnce { get; } = WhenFull with { MaximumWait = TimeSpan.Zero };

    /// <summary>The model; it stays alive for the other tests.</summary>
    public static DiffusionTransformer Tiny => _model.Value;

    /// <summary>A model of other weights.</summary>
    public static DiffusionTransformer Other => _other.Value;

    /// <summary>The image of a request by a call of the library that asks for nothing else.</summary>
    public static string Alone(ImageRequest request, DiffusionTransformer? model = null)
    {
        model ??= Tiny;
        var options = model.Generation with
        {
            Seed = request.Seed ?? model.Generation.Seed,
            Sampler = request.Sampler ?? model.Generation.Sampler,
            GuidanceScale = request.GuidanceScale ?? model.Generation.GuidanceScale,
        };
        return Pictures.Digest(request.ClassName is { } name ? model.Generate([name], options) : model.Generate(1, options));
    }

    /// <summary>The images of requests asked for at once.</summary>
    public static async Task<string[]> Ask(BatchingGenerator generator, params IEnumerable<ImageRequest> requests) =>
        Pictures.Digests(await Task.WhenAll([.. requests.Select(request => generator.GenerateAsync(request))]));

    /// <summary>The image of a request.</summary>
    public static async Task<string> Digest(Task<MLImage> image) => Pictures.Digest([await image]);

    /// <summary>Requests without a class, of other seeds.</summary>
    public static ImageRequest[] Seeds(int first, int count) => [.. Enumerable.Range(first, count).Select(seed => new ImageRequest { Seed = seed })];
}
