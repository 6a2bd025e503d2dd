using System.Globalization;
using Microsoft.ML.Diffusion;
using Microsoft.ML.Diffusion.Samples;

namespace TrainAndGenerate;

/// <summary>What a run does. The initial values are the defaults, also those that --help shows.</summary>
internal sealed record Settings
{
    public const double DefaultMinutes = 4.75;
    public const int DefaultFolderSize = 32;
    public const double FolderValidationShare = 0.1; // of the pictures of a small folder

    // Data.
    public string? ImageFolder { get; init; }
    public int? Size { get; init; }
    public bool Unlabelled { get; init; }
    public int ValidationImages { get; init; } = 256;

    // Budget: DefaultMinutes if none is set.
    public int? Steps { get; init; }
    public int? Epochs { get; init; }
    public double? Minutes { get; init; }

    // Network.
    public int BaseChannels { get; init; } = 32;
    public IReadOnlyList<int> Multipliers { get; init; } = [2, 2];
    public int Blocks { get; init; } = 1;
    public IReadOnlyList<int> Attention { get; init; } = [7, 8];
    public int Patch { get; init; } = 2;
    public double Dropout { get; init; }

    // Training.
    public int BatchSize { get; init; } = 32;
    public double LearningRate { get; init; } = 2e-3;
    public int WarmupSteps { get; init; } = 100;
    public int ValidateEverySteps { get; init; } = 100;
    public double EmaDecay { get; init; } = 0.995;
    public double LabelDropout { get; init; } = 0.1;
    public bool Flip { get; init; }
    public string Prediction { get; init; } = "v";
    public string Schedule { get; init; } = "cosine";

    // Drawing.
    public bool ChoosesSampling { get; init; }
    public string Sampler { get; init; } = "ddim";
    public int? SamplingSteps { get; init; }
    public double Eta { get; init; }
    public double Guidance { get; init; } = 1.5;
    public int SphericalSteps { get; init; } = 50;
    public int LinearSteps { get; init; } = 100;
    public int Generate { get; init; }

    // Run.
    public int Seed { get; init; } = 1;
    public string? Device { get; init; }
    public string? ModelFile { get; init; }
    public string? OutputFolder { get; init; }

    /// <summary>The same with little training and few steps of everything: to see in seconds that it runs.</summary>
    public Settings ToQuick() => this with
    {
        Steps = Steps ?? (Epochs is null && Minutes is null ? 20 : null),
        ValidateEverySteps = 10,
        ValidationImages = Math.Min(ValidationImages, BatchSize),
        SamplingSteps = SamplingSteps ?? 8,
        SphericalSteps = 2,
        LinearSteps = 4,
        ChoosesSampling = true,
    };

    /// <summary>Whether the model learns what each picture shows: known of the bundled pictures only.</summary>
    public bool IsLabelled => ImageFolder is null && !Unlabelled;

    /// <summary>Side of the pictures to train on, in pixels.</summary>
    public int ImageSize => Size ?? (ImageFolder is null ? FashionMnist.Size : DefaultFolderSize);

    private double? Budget => Minutes ?? (Steps is null && Epochs is null ? DefaultMinutes : null);

    public DiffusionOptions ToOptions(IProgress<TrainingProgress> progress, CancellationToken cancellationToken) => new()
    {
        LabelColumnName = IsLabelled ? "Label" : null,
        Schedule = OptionNames.ToSchedule(Schedule),
        Prediction = OptionNames.ToPrediction(Prediction),
        Generation = ToGeneration(),
        Device = Device,
        Network = ToNetwork(),
        Training = new TrainingOptions
        {
            NumberOfSteps = Steps,
            NumberOfEpochs = Epochs,
            Duration = Budget is { } minutes ? TimeSpan.FromMinutes(minutes) : null,
            BatchSize = BatchSize,
            LearningRate = LearningRate,
            WarmupSteps = WarmupSteps,
            EmaDecay = EmaDecay,
            LabelDropout = LabelDropout,
            FlipHorizontally = Flip,
            Progress = progress,
            ReportEverySteps = 10,
            Validation = new ValidationOptions { EverySteps = ValidateEverySteps },
            CancellationToken = cancellationToken,
        },
    };

    public GenerationOptions ToGeneration() => new()
    {
        Sampler = OptionNames.ToSampler(Sampler, SamplingSteps, Eta),
        GuidanceScale = Guidance,
        Seed = Seed,
    };

    /// <summary>The ways between pictures: along the sphere, then straight.</summary>
    public IReadOnlyList<InterpolationOptions> ToPaths(CancellationToken cancellationToken) =>
    [
        new() { Path = InterpolationPath.Spherical, Sampler = new DdimSampler(SphericalSteps), Seed = Seed, CancellationToken = cancellationToken },
        new() { Path = InterpolationPath.Linear, Sampler = new DdpmSampler(LinearSteps), Seed = Seed, CancellationToken = cancellationToken },
    ];

    /// <summary>What a training run is about to do.</summary>
    public string Describe() => string.Create(CultureInfo.InvariantCulture, $"""
        Pictures   {Pictures}
        Network    {ToNetwork()}, dropout {Dropout}
        Diffusion  {OptionNames.ToSchedule(Schedule)}, {Prediction} prediction
        Training   {Training}
        """);

    /// <summary>What the page says above all that was drawn.</summary>
    public (string Title, string Introduction) Headline => ModelFile is null
        ? ($"A model of {(ImageFolder is null ? "Fashion-MNIST" : Path.GetFileName(Path.GetFullPath(ImageFolder)))}", $"What a diffusion model draws that samples/TrainAndGenerate trained on {Pictures}.")
        : ($"Pictures by {Path.GetFileName(ModelFile)}", "What samples/TrainAndGenerate drew with a model that was trained before.");

    /// <summary>What the page says of the options besides what the model knows of itself.</summary>
    public IReadOnlyList<(string Name, string Value)> Facts => ModelFile is null ? [("Learned from", Pictures), ("Training", Training)] : [("File", Path.GetFileName(ModelFile))];

    private string Pictures => string.Create(
        CultureInfo.InvariantCulture,
        $"{ImageFolder ?? "Fashion-MNIST, 10,000 garments"}, {ImageSize}x{ImageSize}{(IsLabelled ? ", labelled" : "")}{(Flip ? ", mirrored at random" : "")}");

    private string Training
    {
        get
        {
            string?[] budget = [Steps is { } steps ? $"{steps} steps" : null, Epochs is { } epochs ? $"{epochs} epochs" : null, Budget is { } minutes ? string.Create(CultureInfo.InvariantCulture, $"{minutes} minutes") : null];
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{string.Join(" or ", budget.OfType<string>())}, batches of {BatchSize}, learning rate {LearningRate}, EMA {EmaDecay}, seed {Seed}, device {Device ?? "the best there is"}");
        }
    }

    private UNetOptions ToNetwork() => new()
    {
        BaseChannels = BaseChannels,
        ChannelMultipliers = Multipliers,
        NumberOfResidualBlocks = Blocks,
        AttentionResolutions = Attention,
        PatchSize = Patch,
        Dropout = Dropout,
    };
}
