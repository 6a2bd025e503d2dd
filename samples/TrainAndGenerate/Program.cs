// Learns to draw from pictures: trains a diffusion model on them, saves it, draws with it, and proves that the saved model draws the
// same; report.html shows all of it. --help lists what can be chosen, docs/tool.md how to choose the rest; --quick only shows that it runs.
using System.Diagnostics;
using System.Globalization;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;
using TrainAndGenerate;

return Settings.Run(args, (settings, cancellationToken) =>
{
    const int Seed = 1;
    const int SheetSize = 64;
    const int FilmColumns = 11;
    var clock = Stopwatch.StartNew();
    var mlContext = new MLContext(Seed);
    var artifacts = new Artifacts(settings.OutputFolder);
    var modelFile = settings.ModelFile ?? artifacts.PathOf("model.zip");
    using var progress = new ConsoleProgress(mlContext);
    var history = new TrainingHistory(progress);
    var generation = new GenerationOptions { Sampler = new DdimSampler(settings.IsQuick ? 8 : 50), GuidanceScale = 1.5, Seed = Seed };

    // 1. Pictures: rows of files or of images in memory, in the size that an older model has or a new one will have.
    using var old = settings.ModelFile is null ? null : LoadModel(mlContext);
    var size = settings.ImageFolder is null ? FashionMnist.Size : 32;
    var (width, height) = (old?.ImageWidth ?? size, old?.ImageHeight ?? size);
    var heldOut = settings.IsQuick ? 32 : 256;
    var data = settings.ImageFolder is { } folder
        ? ImageData.OfFolder(mlContext, folder, width, height, heldOut, Seed, cancellationToken)
        : ImageData.OfGarments(mlContext, heldOut);
    var pictures = $"{data.Name}, {width}x{height}{(data.HasLabels ? ", labelled" : "")}";

    // 2. A model: the older one, or one trained behind an ML.NET pipeline and saved with it.
    using var model = old ?? TrainModel();
    Console.WriteLine($"{model}; {model.NumberOfParameters:N0} weights");

    // 3. Pictures out of noise, class by class if the model knows any; and how they come out of it.
    var samples = DrawSheet(model);
    artifacts.Save("samples.png", ImageGrid.Create(samples, columns: 8, padding: 1).Save, SampleSheet.Describe(model, SheetSize));
    using var film = progress.Show("Filming", () => DenoisingFilm.Record(model, count: 10, Drawing(model)));
    artifacts.Save(
        "denoising.png",
        film.ToSheet(FilmColumns).Save,
        $"a row a picture, after {string.Join(", ", film.StepsOf(FilmColumns))} of {film.NumberOfSteps} steps");
    artifacts.Save("denoising.gif", path => film.SaveGif(path, columns: 5), "the same, as an animation");

    // 4. The way from picture to picture, along the sphere and straight: real ones if there are some of the model's kind, else drawn ones.
    InterpolationOptions[] paths =
    [
        new()
        {
            Path = InterpolationPath.Spherical,
            Sampler = new DdimSampler(settings.IsQuick ? 2 : 50),
            Seed = Seed,
            CancellationToken = cancellationToken,
        },
        new()
        {
            Path = InterpolationPath.Linear,
            Sampler = new DdpmSampler(settings.IsQuick ? 4 : 100),
            Seed = Seed,
            CancellationToken = cancellationToken,
        },
    ];
    var real = data.TryTake(mlContext, model, count: 8);
    var ends = real ?? [.. samples.Where((_, i) => i % 8 == 0)];
    var ways = progress.Show("Drawing the way between pictures", () => InterpolationSheet.Draw(model, ends, columns: 8, paths, progress));
    artifacts.Save("interpolation.png", ways.Save, InterpolationSheet.Legend);

    // 5. Are they copies? The drawn pictures that are nearest to one that was learned from, and how near the others are.
    var copies = old is null ? progress.Show("Looking for copies", FindCopies) : null;

    // 6. Single pictures, as many as asked for.
    if (settings.Generate > 0)
    {
        artifacts.SaveAll(
            "generated",
            progress.Show($"Drawing {settings.Generate} pictures", () => SampleSheet.DrawInTurn(model, settings.Generate, Drawing(model))));
    }

    // 7. The proof: a context that knows nothing of this run loads the file and draws the same pictures.
    using var loaded = LoadModel(new MLContext());
    var isSame = SampleSheet.AreEqual(samples, DrawSheet(loaded));
    Console.WriteLine(
        $"The model loaded from {modelFile} {(isSame ? "draws the same pictures, pixel by pixel." : "DRAWS OTHER PICTURES.")}");

    // 8. All of it on one page.
    var (title, introduction, fact) = old is null
        ? (
            $"A model of {(data.HasLabels ? "Fashion-MNIST" : Path.GetFileName(Path.GetFullPath(data.Name)))}",
            $"What a diffusion model draws that samples/TrainAndGenerate trained on {pictures}.",
            ("Learned from", pictures))
        : (
            $"Pictures by {Path.GetFileName(modelFile)}",
            "What samples/TrainAndGenerate drew with a model that was trained before.",
            ("File", Path.GetFileName(modelFile)));
    List<ReportSection> sections =
    [
        ReportSections.Samples(artifacts.PathOf("samples.png"), model, SheetSize, Drawing(model)),
        ReportSections.Animation(artifacts.PathOf("denoising.gif"), film),
        ReportSections.Denoising(artifacts.PathOf("denoising.png"), film, FilmColumns),
        ReportSections.Interpolation(artifacts.PathOf("interpolation.png"), ends.Count / 2, paths, areReal: real is not null),
        .. copies is not null ? [copies.ToSection(artifacts.PathOf("nearest.png"))] : Array.Empty<ReportSection>(),
        .. history.Records.Count > 0 ? [ReportSections.Loss(history.Records)] : Array.Empty<ReportSection>(),
        ReportSections.Figures(model.Training, ("This run, all in all", RunTexts.Time(clock.Elapsed))),
        ReportSections.Settings(model, fact, ("Options of training", model.Training?.Options ?? "not known")),
    ];
    artifacts.Save("report.html", new ReportPage(title, introduction, sections).Save, "all of it on one page");
    return isSame ? 0 : 1;

    DiffusionTransformer TrainModel()
    {
        var training = new TrainingOptions
        {
            Duration = settings.IsQuick ? null : TimeSpan.FromMinutes(4.75),
            NumberOfSteps = settings.IsQuick ? 20 : null,
            BatchSize = 32,
            LearningRate = 2e-3,
            WarmupSteps = 100,
            EmaDecay = 0.995,
            Progress = history,
            ReportEverySteps = 10,
            Validation = new ValidationOptions { EverySteps = settings.IsQuick ? 10 : 100 },
            CancellationToken = cancellationToken,
        };
        var options = new DiffusionOptions
        {
            LabelColumnName = data.HasLabels ? "Label" : null,
            Network = new UNetOptions
            {
                BaseChannels = 32,
                ChannelMultipliers = [2, 2],
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [7, 8],
                PatchSize = 2,
                Dropout = 0,
            },
            Training = training,
            Generation = generation,
        };
        Console.WriteLine(
            $"Pictures   {pictures}\nNetwork    {options.Network}\nDiffusion  {options.Schedule}, {options.Prediction} prediction");
        Console.WriteLine(
            string.Create(
                CultureInfo.InvariantCulture,
                $"Training   {(settings.IsQuick ? "20 steps" : "4.75 minutes")}, batches of {training.BatchSize}, learning rate {training.LearningRate}, EMA {training.EmaDecay}, seed {Seed}"));

        var preparation = data.Prepare(mlContext, width, height).Fit(data.Training);
        var trainer = mlContext.Transforms.DiffusionTrainer("Generated", "Image", options);
        var (learned, judged) =
            (preparation.Transform(data.Training), data.Validation is { } validation ? preparation.Transform(validation) : null);
        var trained = progress.Show("Training", () => judged is null ? trainer.Fit(learned) : trainer.Fit(learned, judged));
        mlContext.Diffusion.SaveModel(new TransformerChain<DiffusionTransformer>(preparation, trained), data.Training.Schema, modelFile);
        Console.WriteLine($"Wrote {modelFile}: {RunTexts.Describe(trained.Training!)}");
        artifacts.Save("training.csv", path => TrainingHistory.SaveCsv(path, history.Records), $"{history.Records.Count} reports");
        artifacts.Save("loss.svg", path => LossChart.Save(path, history.Records), "training and validation loss");
        return trained;
    }

    MemorizationReport FindCopies()
    {
        var preparation = data.Prepare(mlContext, width, height).Fit(data.Training);
        var report = MemorizationReport.Write(
            mlContext,
            preparation.Transform(data.Training),
            data.Validation is { } validation ? preparation.Transform(validation) : null,
            samples,
            artifacts.PathOf("nearest.png"),
            cancellationToken);
        Console.WriteLine($"Copies     {report}");
        return report;
    }

    DiffusionTransformer LoadModel(MLContext context) => context.Model.Load(modelFile, out _).GetDiffusion();

    GenerationOptions Drawing(DiffusionTransformer model) =>
        (settings.IsQuick ? generation : model.Generation) with { Seed = Seed, Progress = progress, CancellationToken = cancellationToken };

    MLImage[] DrawSheet(DiffusionTransformer model) =>
        progress.Show($"Drawing {SheetSize} pictures", () => SampleSheet.Draw(model, SheetSize, Drawing(model)));
});

// Expected output, redirected to a file (... stands for numbers that depend on the machine):
//
// Pictures   Fashion-MNIST, 10,000 garments, 28x28, labelled
// Network    U-Net (32 x [2, 2] channels, 1 block a level, attention at [7, 8], patches of 2)
// Diffusion  cosine (T = 1000), VPrediction prediction
// Training   4.75 minutes, batches of 32, learning rate 0.002, EMA 0.995, seed 1
// Training begins on cpu: 9744 images of 28x28, 1 channel; a network of 969572 weights.
// Training: step 1 of about ..., epoch 0.00, loss ..., learning rate 2E-05, ... images/s, ... left
// ...
// Training: step ... of ... (100 %), epoch ..., loss ..., validation loss ..., learning rate ..., ... images/s, 00:00:00 left
// Training took ... s.
// Wrote <repository>/artifacts/model.zip: learned from 10,000 pictures in ... steps of 32, ... images/s, last loss ..., 0 steps skipped
// Wrote <repository>/artifacts/training.csv: ... reports
// Wrote <repository>/artifacts/loss.svg: training and validation loss
// Diffusion model of 28x28, 1 channel, 10 classes: U-Net (...), cosine (T = 1000), VPrediction prediction; 969,572 weights
// Drawing 64 pictures took ... s.
// Wrote <repository>/artifacts/samples.png: 1-7 Ankle boot, 8-13 Bag, 14-20 Coat, 21-26 Dress, ...
// Filming took ... s.
// Wrote <repository>/artifacts/denoising.png: a row a picture, after 1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50 of 50 steps
// Wrote <repository>/artifacts/denoising.gif: the same, as an animation
// Drawing the way between pictures took ... s.
// Wrote <repository>/artifacts/interpolation.png: from left to right, each pair first along the sphere, then straight
// Copies     not suspicious: ... % of 64 generated images are near copies of one of 10,000 training images, where 1.2 % are to be expected ...
// Looking for copies took ... s.
// Drawing 64 pictures took ... s.
// The model loaded from <repository>/artifacts/model.zip draws the same pictures, pixel by pixel.
// Wrote <repository>/artifacts/report.html: all of it on one page
