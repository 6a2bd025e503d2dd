using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Playground.Learning;

/// <summary>DDIM and DDPM from the same x_T, four times each: the one has one end, the other as many as there is noise.</summary>
/// <param name="model">The model.</param>
/// <param name="request">The class, the seed and the number of steps.</param>
internal sealed class Race(DiffusionTransformer model, LearnRequest request)
{
    /// <summary>The runs of each sampler.</summary>
    public const int Runs = 4;

    private const int MostFrames = 12;

    /// <summary>The samplers by their names.</summary>
    public static IReadOnlyList<string> Samplers { get; } = ["ddim", "ddpm"];

    /// <summary>Runs.</summary>
    /// <param name="tell">Is given some frames of each sampler, and the last.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The last images of each.</returns>
    public IReadOnlyList<MLImage[]> Run(Action<object> tell, CancellationToken cancellationToken) =>
        [.. Samplers.Select(sampler => Run(sampler, tell, cancellationToken))];

    // The noisiest level of an image of one grey: next to nothing of it is left, and every run begins with it.
    private DiffusionLatents Start()
    {
        byte[] pixels = [.. Enumerable.Repeat<byte[]>([128, 128, 128, 255], model.ImageWidth * model.ImageHeight).SelectMany(pixel => pixel)];
        using var grey = MLImage.CreateFromPixels(model.ImageWidth, model.ImageHeight, MLPixelFormat.Rgba32, pixels);
        var last = model.Schedule.NumberOfTrainingTimesteps - 1;
        var one = model.AddNoise([grey], last, request.Seed).Values.ToArray();
        return new DiffusionLatents([.. Enumerable.Repeat(one, Runs).SelectMany(values => values)], model.Channels, model.ImageHeight, model.ImageWidth, last);
    }

    private MLImage[] Run(string name, Action<object> tell, CancellationToken cancellationToken)
    {
        var sampler = OptionNames.ToSampler(name, request.Steps);
        return model.Decode(
            Start(),
            new GenerationOptions
            {
                Sampler = sampler,
                Seed = request.Seed,
                BatchSize = Runs,
                Observer = snapshot => Tell(name, snapshot, tell),
                CancellationToken = cancellationToken,
            },
            request.Label < 0 ? null : [.. Enumerable.Repeat(request.Label, Runs)]);
    }

    private static void Tell(string name, SamplingSnapshot snapshot, Action<object> tell)
    {
        var every = (snapshot.NumberOfSteps + MostFrames - 1) / MostFrames;
        if ((snapshot.NumberOfSteps - 1 - snapshot.Step) % every == 0)
        {
            var images = snapshot.GetSampleImages();
            tell(new { Sampler = name, Step = snapshot.Step + 1, Steps = snapshot.NumberOfSteps, Images = images.Select(image => image.ToPng()).ToList() });
            Array.ForEach(images, image => image.Dispose());
        }
    }
}
