// How good are generated images, on a measure that people know? Frechet and kernel distance, precision and recall on the features of ML.NET's ResNet-18, for any
// two folders: -- REAL GENERATED, and a third, TRAINING, if REAL are images that the model has not seen. Beside them stands what two halves of the real ones
// give; and whether the generated images are copies of those that were learned from. Without folders it judges models/garments.zip. Papers' FID is this distance on
// another network's features: compare figures of this program only with each other. --quick does the same with a few garments, to see that it runs.
using System.Diagnostics;
using Evaluation;
using Microsoft.ML.Diffusion.Samples;

return Shell.Run(cancellationToken =>
{
    const int Seed = 1;
    var (quick, clock) = (args.Contains("--quick"), Stopwatch.StartNew());
    var folders = args.Where(argument => argument != "--quick").ToArray();
    var (count, learned) = quick ? (12, 24) : (500, 10_000);
    var mlContext = new MLContext(Seed);
    var artifacts = new Artifacts(null, Path.Combine("Evaluation", quick ? "quick" : ""));
    using var progress = new ConsoleProgress(mlContext);

    // 1. Three sets of images, all brought to the size of the generated ones, as training did with those that it learned from.
    var (real, generated, training) = folders switch
    {
        [] => (
            Garments(FashionMnist.Unseen, count),
            progress.Show($"Generating {count} garments", Generate),
            Garments(FashionMnist.Learned, learned)),
        [var first, var second] => (Load(first, second), Load(second, second), null),
        [var first, var second, var third] => (Load(first, second), Load(second, second), Load(third, second)),
        _ => throw new ArgumentException("Name two folders, of real and of generated images, and a third of training images if the real ones are others; or none."),
    };

    // 2. Their features, and the figures.
    using var network = new ResNetFeatures(mlContext);
    var features = new[] { real, generated, training }.OfType<ImageSet>().Distinct().ToDictionary(
        images => images,
        images => progress.Show($"Features of {images.Count} images", () => network.Of(images.Data, images.Count, progress, cancellationToken)));
    var evaluation = new FolderEvaluation(mlContext, Seed);
    var result = evaluation.Compare(network, features[real], features[generated], training is null ? null : features[training], cancellationToken);

    foreach (var line in result.Lines())
    {
        Console.WriteLine(line);
    }

    // 3. Copies: what is nearest to a training image, for the eye.
    if (result.Memorization is { } memorization)
    {
        Console.WriteLine($"Copies: {memorization}");
        using var sheet = MemorizationSheet.Create(memorization, (training ?? real).Data, generated.Data);
        artifacts.Save("nearest.png", sheet.Save, MemorizationSheet.Legend);
    }

    Console.WriteLine(FormattableString.Invariant($"{clock.Elapsed.TotalMinutes:F1} minutes"));
    return 0;

    ImageSet Garments(string set, int garments) => new(mlContext.Data.LoadFromEnumerable(FashionMnist.Read(set).Take(garments)), garments);

    ImageSet Generate()
    {
        using var model = mlContext.Model.Load(Path.Combine(AppContext.BaseDirectory, "garments.zip"), out _).GetDiffusion();
        var drawing = model.Generation with { Sampler = new DpmSolverSampler(quick ? 3 : 15), Seed = Seed, Progress = progress, CancellationToken = cancellationToken };
        return new(PictureFolder.Rows(mlContext, SampleSheet.DrawInTurn(model, count, drawing)), count);
    }

    ImageSet Load(string folder, string sizedAs)
    {
        var (width, height) = FolderEvaluation.SizeOf(mlContext.Diffusion.InspectImages(sizedAs));
        var images = PictureFolder.Load(mlContext, folder, width, height, cancellationToken: cancellationToken);
        return new(images.Data, images.Count);
    }
});

/// <summary>Rows with a column "Image", and how many there are.</summary>
internal sealed record ImageSet(IDataView Data, int Count);
