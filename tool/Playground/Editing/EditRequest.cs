using static Diffusion.Tool.Playground.ImageQuery;

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

    /// <summary>Gets the index of the class; <see langword="null"/> for none.</summary>
    public int? Class { get; init; }

    /// <summary>Gets the seed.</summary>
    public long Seed { get; init; }

    /// <summary>Gets the number of images to make.</summary>
    public int Count { get; init; } = 1;

    /// <summary>Gets the steps of DDIM.</summary>
    public int Steps { get; init; } = 50;

    /// <summary>Gets the share of the timesteps that the image is noised over.</summary>
    public double Strength { get; init; } = 0.5;

    /// <summary>Gets how often each step is taken.</summary>
    public int Resamplings { get; init; } = 1;

    /// <summary>The model that is meant, if there is one, and all else is within its bounds.</summary>
    /// <exception cref="ProblemException">Something is not.</exception>
    public DiffusionTransformer Of(IReadOnlyList<ServedModel> models)
    {
        var served = ModelOf(models, Model);
        CheckClass(served, Class);
        var timesteps = served.Transformer.Schedule.NumberOfTrainingTimesteps;
        Require(Count is >= 1 and <= MostImages, $"count must be from 1 to {MostImages}, because a page shows so many, but is {Count}.");
        Require(Steps >= 1 && Steps <= timesteps, $"steps must be from 1 to {timesteps}, the timesteps that the model was trained with, but is {Steps}.");
        Require(
            Strength is > 0 and <= 1,
            FormattableString.Invariant($"strength must be above 0 and at most 1, because it is a share of the timesteps, but is {Strength}."));
        Require(Resamplings is >= 1 and <= MostResamplings, $"resamplings must be from 1 to {MostResamplings}, but is {Resamplings}.");
        var work = Count * Steps * Resamplings;
        Require(work <= MostWork, $"count times steps times resamplings must be at most {MostWork}, because all pages wait for it, but is {work}.");
        return served.Transformer;
    }

    /// <summary>How it is to be generated.</summary>
    public GenerationOptions Options(DiffusionTransformer model, IProgress<double>? progress, CancellationToken cancellationToken) =>
        model.Generation with
        {
            Sampler = new DdimSampler(Steps),
            Seed = Seed,
            Progress = progress,
            CancellationToken = cancellationToken,
        };

    /// <summary>The class of each image; null where none is asked for.</summary>
    public int[]? Labels(int count) => Class is { } label ? [.. Enumerable.Repeat(label, count)] : null;

    /// <summary>A file that has to be there.</summary>
    /// <exception cref="ProblemException">It is not.</exception>
    public static byte[] Given(byte[]? file, string name)
    {
        Require(file is not null, $"{name} must be given: the bytes of a file in base 64.");
        return file!;
    }
}
