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

    private DiffusionLatents Start(GenerationOptions options)
    {
        var one = model.DrawLatents(1, options);
        float[] all = [.. Enumerable.Repeat(one.Values.ToArray(), Runs).SelectMany(values => values)];
        return new DiffusionLatents(all, one.Channels, one.Height, one.Width, one.Timestep);
    }

    private MLImage[] Run(string name, Action<object> tell, CancellationToken cancellationToken)
    {
        var options = new GenerationOptions
        {
            Sampler = OptionNames.ToSampler(name, request.Steps),
            Seed = request.Seed,
            BatchSize = Runs,
            Observer = snapshot => Tell(name, snapshot, tell),
            CancellationToken = cancellationToken,
        };
        int[]? labels = request.Class is { } label ? [.. Enumerable.Repeat(label, Runs)] : null;
        return model.Decode(Start(options), options, labels);
    }

    private static void Tell(string name, SamplingSnapshot snapshot, Action<object> tell)
    {
        var every = (snapshot.NumberOfSteps + MostFrames - 1) / MostFrames;
        if ((snapshot.NumberOfSteps - 1 - snapshot.Step) % every == 0)
        {
            tell(new { Sampler = name, Step = snapshot.Step + 1, Steps = snapshot.NumberOfSteps, Images = Png.Take(snapshot.GetSampleImages()) });
        }
    }
}
