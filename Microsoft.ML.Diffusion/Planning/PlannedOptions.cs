using System.Text.Json;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>What a plan decides: options, and the measured speed that they follow from. Stored in checkpoints, so that a resumed run goes by the same plan.</summary>
/// <param name="Network">The network.</param>
/// <param name="Prediction">What it predicts.</param>
/// <param name="MinimumSnrGamma">Gamma of min-SNR weights; null for none, as in plans of runs before there was one.</param>
/// <param name="BatchSize">Images of a step.</param>
/// <param name="LearningRate">The highest learning rate.</param>
/// <param name="WarmupSteps">Steps over which it is reached.</param>
/// <param name="EmaDecay">The decay of the average of weights.</param>
/// <param name="ValidationShare">The share of images to judge by.</param>
/// <param name="Augments">Whether images are changed at random, which the network is told.</param>
/// <param name="Duration">How long training takes: the budget without the time for measuring.</param>
/// <param name="Budget">The budget.</param>
/// <param name="SecondsPerStep">The measured time of a step.</param>
/// <param name="MinimumSnrPower">The power of the weights; 1 in plans of runs before there was one.</param>
internal sealed record PlannedOptions(
    UNetOptions Network,
    PredictionType Prediction,
    double? MinimumSnrGamma,
    int BatchSize,
    double LearningRate,
    int WarmupSteps,
    double EmaDecay,
    double ValidationShare,
    bool Augments,
    TimeSpan Duration,
    TimeSpan Budget,
    double SecondsPerStep,
    double MinimumSnrPower = 1)
{
    /// <summary>Fills in what was decided.</summary>
    public DiffusionOptions ApplyTo(DiffusionOptions options) => options with
    {
        Network = Network,
        Prediction = Prediction,
        Generation = options.Generation with { Sampler = PlannedTraining.Sampler },
        Training = options.Training with
        {
            Duration = Duration,
            MinimumSnrGamma = MinimumSnrGamma,
            MinimumSnrPower = MinimumSnrPower,
            BatchSize = BatchSize,
            LearningRate = LearningRate,
            AdamBeta2 = PlannedTraining.AdamBeta2,
            WarmupSteps = WarmupSteps,
            EmaDecay = EmaDecay,
            Augmentation = Augments ? new AugmentationOptions() : null,
            Validation = options.Training.Validation with { Share = ValidationShare },
        },
    };

    public string ToJson() => JsonSerializer.Serialize(this);

    /// <exception cref="FormatException">The text is no plan.</exception>
    public static PlannedOptions FromJson(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<PlannedOptions>(json) ?? throw new FormatException("The plan of the run is empty.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"The plan of the run cannot be read: {e.Message}", e);
        }
    }
}
