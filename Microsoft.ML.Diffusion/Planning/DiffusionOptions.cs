using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Planning;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>What a <see cref="DiffusionEstimator"/> learns and how. The defaults train a model of moderate size on images of 32 or 28 pixels.</summary>
public sealed record DiffusionOptions
{
    /// <summary>Gets the shape of the network.</summary>
    public UNetOptions Network { get; init; } = new();

    /// <summary>Gets the noise schedule.</summary>
    /// <value>The default is <see cref="NoiseSchedule.Cosine"/> over 1,000 timesteps.</value>
    public NoiseSchedule Schedule { get; init; } = NoiseSchedule.Cosine();

    /// <summary>Gets what the network predicts.</summary>
    /// <value>
    /// The default is <see cref="PredictionType.VPrediction"/>, which serves images, few steps, encoding and likelihood alike. A plan takes
    /// <see cref="PredictionType.Sample"/>, whose images are ahead after short trainings and whose encoding and likelihood are poor
    /// (docs/planning.md). The DDPM paper's is <see cref="PredictionType.Epsilon"/>.
    /// </value>
    public PredictionType Prediction { get; init; } = PredictionType.VPrediction;

    /// <summary>Gets whether the network also learns the variance of its steps, at twice the number of outputs.</summary>
    /// <value>The default is <see cref="ModelVariance.Fixed"/>.</value>
    public ModelVariance Variance { get; init; } = ModelVariance.Fixed;

    /// <summary>Gets the settings of the training run.</summary>
    public TrainingOptions Training { get; init; } = new();

    /// <summary>Gets how the trained model generates when it is not told otherwise, also in the output column.</summary>
    public GenerationOptions Generation { get; init; } = new();

    /// <summary>Gets the number of colour channels.</summary>
    /// <value>1 (grey) or 3; <see langword="null"/>, the default, is 1 when every image is grey and 3 otherwise.</value>
    public int? Channels { get; init; }

    /// <summary>Gets the name of a key column with the class of each image, as MapValueToKey makes it. The model then can generate a given class.</summary>
    /// <value><see langword="null"/>, the default, trains without classes. Images whose key is missing are trained on without a class.</value>
    public string? LabelColumnName { get; init; }

    /// <summary>Gets the name of an integer column that gives each row its seed in <see cref="DiffusionTransformer.Transform"/>.</summary>
    /// <value><see langword="null"/>, the default, takes the seed from the row's id, which ML.NET renumbers in Cache and in a prediction engine.</value>
    public string? SeedColumnName { get; init; }

    /// <summary>Gets the columns that the trained model adds besides the generated images: reconstructions, latents and scores.</summary>
    /// <value>The default is none. <see cref="DiffusionTransformer.WithColumns"/> adds them to a model later.</value>
    public OutputColumnOptions OutputColumns { get; init; } = new();

    /// <summary>Gets the offset that made a pixel vector: value = (pixel - offset) * scale, as in ExtractPixels.</summary>
    public float PixelOffset { get; init; }

    /// <summary>Gets the scale that made a pixel vector: value = (pixel - offset) * scale, as in ExtractPixels.</summary>
    /// <value>Not 0. The default is 1: values are 0 to 255.</value>
    public float PixelScale { get; init; } = 1;

    /// <summary>Gets the seed of the weights' start, the order of the images and all noise of training.</summary>
    /// <value><see langword="null"/>, the default, takes the seed of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</value>
    public long? Seed { get; init; }

    /// <summary>
    /// Gets the device to train and generate on: "cpu", "cuda", "cuda:1", or "torch", which is libtorch on the processor, to compare with.
    /// </summary>
    /// <value><see langword="null"/>, the default, is CUDA where it is available and the CPU elsewhere. It is not saved with the model. On CUDA, products of
    /// float32 matrices are allowed in TF32, which rounds factors to 10 bits, for the whole process.</value>
    public string? Device { get; init; }

    /// <summary>Chooses options for images and a time to train, as <see cref="DiffusionCatalogExtensions"/>' trainer with a budget does, but without training.</summary>
    /// <param name="images">The images; they are read once.</param>
    /// <param name="budget">The time for training, above zero.</param>
    /// <param name="configure">Sets options; what it sets is never changed. <see langword="null"/> leaves all to the plan.</param>
    /// <param name="imageColumnName">The column of the images.</param>
    /// <param name="mlContext">Whose log is told the plan; <see langword="null"/> for one of its own.</param>
    /// <returns>Ordinary options, <see cref="TrainingOptions.Duration"/> among them.</returns>
    /// <remarks>
    /// A few training steps of two or three networks are measured, for at most about a twentieth of the budget. Speeds are never quite the
    /// same, so another call may choose otherwise: a run that is to go on from a <see cref="TrainingOptions.CheckpointDirectory"/> in
    /// another process needs the trainer with a budget, which takes the plan from the checkpoint.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="budget"/> is not above zero, an option is outside its range, or a column is missing or of another type.</exception>
    /// <exception cref="InvalidOperationException">There is no image, or one is unreadable or of another size.</exception>
    public static DiffusionOptions For(
        IDataView images,
        TimeSpan budget,
        Func<DiffusionOptions, DiffusionOptions>? configure = null,
        string imageColumnName = "Image",
        MLContext? mlContext = null)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentException.ThrowIfNullOrEmpty(imageColumnName);
        return OptionsPlanning.Options(mlContext ?? new MLContext(), images, imageColumnName, new TimeBudget(budget, configure));
    }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    internal PixelEncoding Pixels => new(PixelOffset, PixelScale);

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Network);
        ArgumentNullException.ThrowIfNull(Schedule);
        ArgumentNullException.ThrowIfNull(Training);
        ArgumentNullException.ThrowIfNull(Generation);
        ArgumentNullException.ThrowIfNull(OutputColumns);
        Network.Validate();
        Training.Validate();
        if (!Enum.IsDefined(Variance))
        {
            throw new ArgumentOutOfRangeException(nameof(Variance), Variance, "Variance must be Fixed or LearnedRange.");
        }

        if (!Enum.IsDefined(Prediction))
        {
            throw new ArgumentOutOfRangeException(nameof(Prediction), Prediction, "Prediction must be Epsilon, Sample or VPrediction.");
        }

        if (Prediction == PredictionType.Epsilon && Schedule.AlphaBar(Schedule.NumberOfTrainingTimesteps - 1) == 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(Prediction),
                Prediction,
                "Prediction must be VPrediction or Sample with a schedule of zero terminal SNR, because no image can be recovered from the noise of its last timestep.");
        }

        Training.ValidateFor(Schedule, Variance);
        Generation.ValidateFor(Schedule, Variance);
        OptionText rule =
            $"must have a sampler of the library where {new OptionName(nameof(TrainingOptions.ModelFile))} is set, because files hold no code; pass your own in the GenerationOptions of each call";
        Check.Require(
            Training.ModelFile is null || SamplerConfigMapping.CanSave(Generation.Sampler),
            nameof(Generation),
            Generation.Sampler.GetType().Name,
            rule);
        OutputColumns.ValidateFor(Schedule);

        if (Channels is not (null or 1 or 3))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Channels),
                Channels,
                "Channels must be 1 (grey) or 3 (red, green, blue); leave it null to decide by the images.");
        }

        if (!float.IsFinite(PixelScale) || PixelScale == 0)
        {
            throw new ArgumentOutOfRangeException(
                nameof(PixelScale),
                PixelScale,
                "PixelScale must be a number other than 0, because pixels are found by dividing by it.");
        }

        if (!float.IsFinite(PixelOffset))
        {
            throw new ArgumentOutOfRangeException(nameof(PixelOffset), PixelOffset, "PixelOffset must be a number.");
        }
    }
}
