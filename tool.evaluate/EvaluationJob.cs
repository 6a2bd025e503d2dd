using Diffusion.Tool.Running;
using Evaluation;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Evaluate;

/// <summary>An evaluation from folders to figures.</summary>
internal sealed class EvaluationJob(MLContext context, Session session)
{
    private const string Features = "ResNet-18 of Microsoft.ML.DnnImageFeaturizer.ResNet18";

    /// <summary>How files are read, and the size that all images are brought to; none is that of the generated ones.</summary>
    public required ImageFolderOptions Pictures { get; init; }

    public required long Seed { get; init; }

    /// <summary>Where a model computes; null is the best there is.</summary>
    public required string? Device { get; init; }

    /// <summary>Where the sheet of the nearest pairs goes; null for nowhere.</summary>
    public required string? Sheet { get; init; }

    /// <summary>Where means and covariances go; null for nowhere.</summary>
    public required string? Save { get; init; }

    /// <summary>Reads, generates, compares and writes.</summary>
    /// <param name="real">The folder of real images, or what --save kept of them.</param>
    /// <param name="generated">The folder of generated ones, or a model.</param>
    /// <param name="count">How many to generate, if it is a model; else null.</param>
    /// <param name="training">The folder of those that were learned from; null if the real ones are.</param>
    public Result Run(string real, string generated, int? count, string? training)
    {
        var known = File.Exists(real) ? SavedStatistics.Load(real) : null;
        using var model = count is null ? null : ModelSource.Load(context, generated, Device);
        var size = model is not null ? (model.ImageWidth, model.ImageHeight)
            : known is not null ? (known.Settings.Width, known.Settings.Height)
            : SizeOf(generated);
        var options = Pictures.Width is null ? Pictures with { Width = size.Item1, Height = size.Item2 } : Pictures;
        Set Generated() => model is null ? Load(generated, options) : Generate(model, count!.Value);
        if (known is not null)
        {
            var settings = SettingsOf(options);
            return settings == known.Settings ? Beside(known, Generated(), real)
                : throw new ToolException(
                    $"'{real}' is of {known.Settings.Width}x{known.Settings.Height} images by {known.Settings.Features}, but the generated ones are {settings.Width}x{settings.Height} by {settings.Features}. Name the folder of the real images.");
        }

        var (realSet, trainingSet) = (Load(real, options), training is null ? null : Load(training, options));
        RequireEnough(realSet.Count, real);
        var learned = trainingSet ?? realSet;
        if (Sheet is not null && learned.Count < FolderEvaluation.FewestTrainingImages)
        {
            throw new ToolException("--sheet needs three training images at least, to compare with. Leave it out.");
        }

        var generatedSet = Generated(); // the last thing that can be refused: with a model it takes the longest
        RequireEnough(generatedSet.Count, generated);
        using var network = new ResNetFeatures(context);
        var (realRows, generatedRows) = (FeaturesOf(network, realSet, "real"), FeaturesOf(network, generatedSet, "generated"));
        var result = new FolderEvaluation(context, Seed).Compare(
            network,
            realRows,
            generatedRows,
            trainingSet is null ? null : FeaturesOf(network, trainingSet, "training"),
            session.CancellationToken);
        WriteSheet(result.Memorization, learned, generatedSet);
        if (Save is not null)
        {
            new SavedStatistics(SettingsOf(options), FeatureStatistics.Of(network.Rows(realRows)), FeatureStatistics.Of(network.Rows(generatedRows))).Save(Save);
        }

        return new Result(Lines(result), Document(result, generatedSet, learned, options));
    }

    private static void RequireEnough(int count, string source)
    {
        if (count < FolderEvaluation.FewestImages)
        {
            throw new ToolException(
                $"There are {count} images of '{source}', but {FolderEvaluation.FewestImages} are needed at least: of fewer the kernel distance has no standard error.");
        }
    }

    private static StatisticsSettings SettingsOf(ImageFolderOptions options) =>
        new(StatisticsSettings.CurrentVersion, Features, options.Width!.Value, options.Height!.Value);

    private Result Beside(SavedStatistics known, Set generated, string real)
    {
        using var network = new ResNetFeatures(context);
        var rows = FeaturesOf(network, generated, "generated");
        var statistics = known with { Generated = FeatureStatistics.Of(network.Rows(rows)) };
        if (Save is not null)
        {
            statistics.Save(Save);
        }

        return StatisticsResult.Of(statistics, parts: 1, Save);
    }

    private sealed record Set(IDataView Data, int Count, string[]? Paths);

    private Set Generate(DiffusionTransformer model, int count)
    {
        var drawing = model.Generation with { Seed = Seed, Progress = session.Drawing, CancellationToken = session.CancellationToken };
        var made = session.Show($"Generating {count} images", () => SampleSheet.DrawInTurn(model, count, drawing));
        model.Dispose(); // what is left to do needs the memory
        return new(PictureFolder.Rows(context, made), made.Length, null);
    }

    private (int Width, int Height) SizeOf(string folder) => Pictures.Width is { } width
        ? (width, Pictures.Height!.Value)
        : FolderEvaluation.SizeOf(session.Show("Looking at images", () => context.Diffusion.InspectImages(folder, Pictures)));

    private Set Load(string folder, ImageFolderOptions options)
    {
        var images = session.Show("Reading images", () => context.Diffusion.LoadImages(folder, options));
        session.TellSkipped(images.Skipped, folder);
        string[] paths = [.. images.Data.GetColumn<ReadOnlyMemory<char>>("ImagePath").Select(path => path.ToString())];
        return new(images.Data, images.Count, paths);
    }

    private float[][] FeaturesOf(ResNetFeatures network, Set images, string name) => session.Show(
        $"Features of {images.Count} {name} images",
        () => network.Of(images.Data, images.Count, session.Drawing, session.CancellationToken));

    private void WriteSheet(MemorizationMetrics? memorization, Set training, Set generated)
    {
        if (Sheet is not null && memorization is not null)
        {
            using var sheet = MemorizationSheet.Create(memorization, training.Data, generated.Data);
            WholeFile.Write(Sheet, sheet.Save);
        }
    }

    private string?[] Lines(EvaluationResult result) =>
    [
        .. result.Lines(),
        result.Memorization is { } memorization ? $"Copies: {memorization}" : null,
        Sheet is null ? null : $"Wrote {Sheet}: {MemorizationSheet.Legend}",
        Save is null ? null : $"Wrote {Save}",
    ];

    private object Document(EvaluationResult result, Set generated, Set training, ImageFolderOptions options) => new
    {
        result.Metrics,
        Floor = result.Floor,
        Features,
        options.Width,
        options.Height,
        Seed,
        Memorization = result.Memorization is { } memorization ? new
        {
            memorization.IsSuspicious,
            memorization.ShareOfNearCopies,
            memorization.ExpectedShareOfNearCopies,
            memorization.Probability,
            memorization.Threshold,
            memorization.IsBaselineHeldOut,
            memorization.NumberOfTrainingRows,
            memorization.NumberOfRepeatedTrainingRows,
            memorization.NumberOfKnownHeldOutRows,
            Nearest = memorization.Nearest(MemorizationSheet.Pairs).Select(match => new
            {
                Generated = generated.Paths?[match.Row],
                match.Row,
                Training = training.Paths?[match.TrainingRow],
                match.Distance,
                match.RelativeDistance,
            }),
        } : null,
        Sheet,
        Saved = Save,
    };
}
