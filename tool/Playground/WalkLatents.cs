using System.Security.Cryptography;
using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground;

/// <summary>The latents of corners, and the images between them.</summary>
/// <remarks>Encoding an image takes as long as generating one: what was encoded last is kept.</remarks>
internal sealed class WalkLatents(ImageReader reader)
{
    /// <summary>The steps by which an image is encoded.</summary>
    public const int EncodingSteps = 50;

    private const int Kept = 32;

    // The worker of the queue is the only one that comes here.
    private readonly Dictionary<(ServedModel Model, int? Class, string Corner), float[]> _latents = [];

    /// <summary>Generates the images of a walk.</summary>
    /// <returns>One for each place, the caller's to dispose.</returns>
    public MLImage[] Decode(Walk walk, CancellationToken cancellationToken)
    {
        var model = walk.Served.Transformer;
        float[][] corners = [.. walk.Corners.Select(corner => Of(corner, walk, cancellationToken))];
        float[] values = [.. walk.Points.SelectMany(point => Between(corners, point, walk.IsLinear))];
        var latents =
            new DiffusionLatents(values, model.Channels, model.ImageHeight, model.ImageWidth, model.Schedule.NumberOfTrainingTimesteps - 1);
        return model.Decode(latents, Options(walk.Steps, cancellationToken), Labels(walk, walk.Points.Count));
    }

    // From left to right above and below, and then from above to below.
    private static float[] Between(float[][] corners, (double Right, double Down) point, bool isLinear)
    {
        float[] On(float[] from, float[] to, double alpha) => isLinear ? Slerp.Linear<float>(from, to, alpha) : Slerp.Spherical<float>(from, to, alpha);
        return On(On(corners[0], corners[1], point.Right), On(corners[2], corners[3], point.Right), point.Down);
    }

    private float[] Of(Corner corner, Walk walk, CancellationToken cancellationToken)
    {
        var key = (walk.Served, walk.Class, corner.Seed is { } seed ? $"{seed}" : Convert.ToHexString(SHA256.HashData(corner.Image!)));
        if (!_latents.TryGetValue(key, out var latent))
        {
            if (_latents.Count >= Kept)
            {
                _latents.Clear();
            }

            _latents[key] = latent = Make(corner, walk, cancellationToken);
        }

        return latent;
    }

    private float[] Make(Corner corner, Walk walk, CancellationToken cancellationToken)
    {
        var model = walk.Served.Transformer;
        var options = Options(Math.Min(EncodingSteps, model.Schedule.NumberOfTrainingTimesteps), cancellationToken);
        if (corner.Seed is { } seed)
        {
            return model.DrawLatents(1, options with { Seed = seed })[0].ToArray();
        }

        using var image = reader.Read(corner.Image!, model, cancellationToken);
        return model.Encode([image], options, Labels(walk, 1))[0].ToArray();
    }

    // Without guidance, which leads off the path to an image that was encoded.
    private static GenerationOptions Options(int steps, CancellationToken cancellationToken) => new()
    {
        Sampler = new DdimSampler(steps),
        Seed = 0, // of no use: nothing is drawn on the way
        CancellationToken = cancellationToken,
    };

    private static int[]? Labels(Walk walk, int count) => walk.Class is { } label ? [.. Enumerable.Repeat(label, count)] : null;
}
