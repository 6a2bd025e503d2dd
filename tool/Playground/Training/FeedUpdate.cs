using System.Text.Json;
using System.Text.Json.Serialization;

namespace Diffusion.Tool.Playground.Training;

/// <summary>What a page that knows a training up to some event does not know yet.</summary>
/// <param name="Run">Which training it is.</param>
/// <param name="Number">The number of the last event in it.</param>
/// <param name="IsWhole">Whether it is all there is, which takes the place of what the page knows.</param>
/// <param name="Title">What is trained.</param>
/// <param name="State">What the training is at.</param>
/// <param name="Text">What there is to say of that, such as where the model is written; may be null.</param>
/// <param name="Progress">Where it stands; null before the first step.</param>
/// <param name="Points">New points of the training's loss: step, loss (null where it was none), learning rate, images a second.</param>
/// <param name="Validations">New points of the validation's loss: step, loss.</param>
/// <param name="Messages">New notes and warnings.</param>
/// <param name="Grids">New images.</param>
internal sealed record FeedUpdate(
    string Run,
    long Number,
    bool IsWhole,
    string Title,
    TrainingState State,
    string? Text,
    FeedProgress? Progress,
    IReadOnlyList<double?[]> Points,
    IReadOnlyList<double?[]> Validations,
    IReadOnlyList<FeedMessage> Messages,
    IReadOnlyList<FeedGrid> Grids)
{
    private static readonly JsonSerializerOptions _json =
        new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>Whether no other follows.</summary>
    [JsonIgnore]
    public bool IsLast => State is TrainingState.Done or TrainingState.Failed;

    /// <summary>What names the last event in it, also to another run's pages.</summary>
    [JsonIgnore]
    public string Id => $"{Run}-{Number}";

    /// <summary>The JSON of it, in which no sign is one of HTML.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, _json);
}

/// <summary>Where a training stands; times in seconds.</summary>
internal sealed record FeedProgress(
    int Step,
    int ExpectedSteps,
    double Fraction,
    double Epoch,
    double? Loss,
    double? ValidationLoss,
    double LearningRate,
    double ImagesPerSecond,
    double Elapsed,
    double Remaining,
    int SkippedSteps)
{
    public static FeedProgress Of(TrainingProgress progress) => new(
        progress.Step,
        progress.ExpectedSteps,
        progress.Fraction,
        progress.Epoch,
        Finite(progress.Loss),
        progress.ValidationLoss is { } loss ? Finite(loss) : null,
        progress.LearningRate,
        Finite(progress.ImagesPerSecond) ?? 0,
        progress.Elapsed.TotalSeconds,
        progress.Remaining.TotalSeconds,
        progress.SkippedSteps);

    /// <summary>A number that JSON can hold.</summary>
    public static double? Finite(double number) => double.IsFinite(number) ? number : null;
}

/// <summary>Something that was said on the way.</summary>
/// <param name="Step">The steps done by then.</param>
/// <param name="IsWarning">Whether it is a warning.</param>
/// <param name="Text">The text.</param>
internal sealed record FeedMessage(int Step, bool IsWarning, string Text);

/// <summary>Images that were drawn on the way.</summary>
/// <param name="Step">The steps done by then.</param>
/// <param name="Count">The images, which lie side by side.</param>
/// <param name="Png">The file.</param>
internal sealed record FeedGrid(int Step, int Count, byte[] Png);
