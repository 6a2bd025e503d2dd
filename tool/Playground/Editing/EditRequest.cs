using Microsoft.AspNetCore.Http;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Playground.Editing;

/// <summary>What a page asks to be done with an image.</summary>
internal sealed record EditRequest
{
    private const int MostImages = 8;
    private const int MostResamplings = 20;

    /// <summary>Gets the index of the model.</summary>
    public int Model { get; init; }

    /// <summary>Gets the image's file.</summary>
    public byte[]? Image { get; init; }

    /// <summary>Gets the file of the mask: light where it is to be painted.</summary>
    public byte[]? Mask { get; init; }

    /// <summary>Gets the class, or -1.</summary>
    public int Label { get; init; } = -1;

    /// <summary>Gets the seed.</summary>
    public long Seed { get; init; }

    /// <summary>Gets the number of images to make.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Gets the sampler's name.</summary>
    public string Sampler { get; init; } = OptionNames.Samplers[0];

    /// <summary>Gets the sampler's steps.</summary>
    public int? Steps { get; init; }

    /// <summary>Gets the share of the timesteps that the image is noised over.</summary>
    public double Strength { get; init; } = 0.5;

    /// <summary>Gets how often each step is taken.</summary>
    public int Resamplings { get; init; } = 1;

    /// <summary>The model that is meant, if there is one, and all else is within its bounds.</summary>
    /// <exception cref="ProblemException">Something is not.</exception>
    public DiffusionTransformer Of(IReadOnlyList<ServedModel> models)
    {
        Require(Model >= 0 && Model < models.Count, "model", Model, $"0 to {models.Count - 1}");
        var model = models[Model].Transformer;
        var timesteps = model.Schedule.NumberOfTrainingTimesteps;
        Require(Label >= -1 && Label < model.ClassNames.Count, "label", Label, $"-1 to {model.ClassNames.Count - 1}");
        Require(Count is >= 1 and <= MostImages, "count", Count, $"1 to {MostImages}");
        Require(Steps is null || (Steps >= 1 && Steps <= timesteps), "steps", Steps, $"1 to {timesteps}");
        Require(Resamplings is >= 1 and <= MostResamplings, "resamplings", Resamplings, $"1 to {MostResamplings}");
        return model;
    }

    /// <summary>How it is to be generated.</summary>
    public GenerationOptions Options(DiffusionTransformer model, IProgress<double>? progress, CancellationToken cancellationToken) =>
        model.Generation with
        {
            Sampler = OptionNames.ToSampler(Sampler, Steps, timesteps: model.Schedule.NumberOfTrainingTimesteps),
            Seed = Seed,
            Progress = progress,
            CancellationToken = cancellationToken,
        };

    /// <summary>The class of each image; null where none is asked for.</summary>
    public int[]? Labels(int count) => Label < 0 ? null : [.. Enumerable.Repeat(Label, count)];

    /// <summary>A file that has to be there.</summary>
    public static byte[] Given(byte[]? file, string name) =>
        file ?? throw new ProblemException(StatusCodes.Status400BadRequest, $"{name} must be given: the bytes of a file in base64.");

    private static void Require<T>(bool holds, string name, T value, string range)
    {
        if (!holds)
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, $"{name} must be from {range}, but is {value}.");
        }
    }
}
