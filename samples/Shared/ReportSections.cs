using System.Globalization;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>The parts of a report on a model.</summary>
public static class ReportSections
{
    /// <summary>Pictures out of noise.</summary>
    /// <param name="picturePath">The sheet's file.</param>
    /// <param name="model">The model.</param>
    /// <param name="count">Number of pictures in the sheet.</param>
    /// <param name="drawing">How they were drawn.</param>
    public static ReportSection Samples(string picturePath, DiffusionTransformer model, int count, GenerationOptions drawing) =>
        new("Drawn from noise", $"By {drawing}, row by row: {SampleSheet.Describe(model, count)}.") { PicturePath = picturePath };

    /// <summary>Pictures that were drawn while the model was trained.</summary>
    /// <param name="picturePath">Their sheet's file, a row for each time.</param>
    /// <param name="steps">The steps of training after which the rows were drawn.</param>
    public static ReportSection OnTheWay(string picturePath, IReadOnlyList<int> steps)
    {
        ArgumentNullException.ThrowIfNull(steps);
        return new("While it learned", "What the model drew from the same noise after so many steps of training.")
        {
            PicturePath = picturePath,
            RowLabels = [.. steps.Select(step => step.ToString(CultureInfo.InvariantCulture))],
        };
    }

    /// <summary>The animation of a film.</summary>
    /// <param name="gifPath">Its file.</param>
    /// <param name="film">The film.</param>
    public static ReportSection Animation(string gifPath, DenoisingFilm film)
    {
        ArgumentNullException.ThrowIfNull(film);
        return new(
            "Out of the noise",
            $"{film.NumberOfPictures} pictures on their way through the {film.NumberOfSteps} steps of the sampler.")
        { PicturePath = gifPath };
    }

    /// <summary>The sheet of a film.</summary>
    /// <param name="picturePath">Its file.</param>
    /// <param name="film">The film.</param>
    /// <param name="columns">The most columns that the sheet was made with.</param>
    public static ReportSection Denoising(string picturePath, DenoisingFilm film, int columns)
    {
        ArgumentNullException.ThrowIfNull(film);
        return new("Step by step", $"The same pictures, a row each; the numbers say after how many of the {film.NumberOfSteps} steps.")
        {
            PicturePath = picturePath,
            RowLabels = film.Names,
            ColumnLabels = [.. film.StepsOf(columns).Select(step => step.ToString(CultureInfo.InvariantCulture))],
        };
    }

    /// <summary>The ways between pictures.</summary>
    /// <param name="picturePath">The sheet's file.</param>
    /// <param name="pairs">Number of pairs of pictures.</param>
    /// <param name="paths">The paths between each pair, from above.</param>
    /// <param name="areReal">Whether the ends are real pictures, not drawn ones.</param>
    public static ReportSection Interpolation(string picturePath, int pairs, IReadOnlyList<InterpolationOptions> paths, bool areReal)
    {
        ArgumentNullException.ThrowIfNull(paths);
        var ends = areReal ? "real pictures, which the first and the last column show" : "drawn pictures, the first and the last column";
        return new(
            "From picture to picture",
            $"Between {ends}. Spherical rows follow the great circle between the pictures' DDIM latents, and begin and end at what the model makes of both; linear rows mix the noised pictures and denoise the mixture.")
        {
            PicturePath = picturePath,
            RowLabels = [.. Enumerable.Range(0, pairs).SelectMany(_ => paths).Select(path => path.Path.ToString().ToLowerInvariant())],
        };
    }

    /// <summary>The chart of a training.</summary>
    /// <param name="records">Its reports.</param>
    public static ReportSection Loss(IReadOnlyList<TrainingProgress> records)
    {
        var validated = TrainingHistory.Validations(records).Count > 0;
        var text = validated
            ? "Of the batches that were learned from, and of held-out pictures, with the averaged weights that the model keeps."
            : "Of the batches that were learned from.";
        return new("Loss", text) { Svg = LossChart.CreateForPage(records) };
    }

    /// <summary>What the model is and how it was trained.</summary>
    /// <param name="model">The model.</param>
    /// <param name="more">What else there is to say, such as options of the run.</param>
    public static ReportSection Settings(DiffusionTransformer model, params IReadOnlyList<(string Name, string Value)> more)
    {
        ArgumentNullException.ThrowIfNull(model);
        var facts = model.Describe();
        (string, string)[] settings =
        [
            (
                "Pictures",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{facts.ImageWidth}x{facts.ImageHeight}, {(facts.Channels == 1 ? "grey" : "colour")}")),
            ("Classes", facts.ClassNames.Count == 0 ? "none" : string.Join(", ", facts.ClassNames)),
            ("Network", string.Create(CultureInfo.InvariantCulture, $"{facts.Network}; {facts.NumberOfParameters:N0} weights")),
            ("Noise schedule", $"{facts.Schedule}"),
            ("Prediction", $"{facts.Prediction}, {(facts.Variance == ModelVariance.LearnedRange ? "learned" : "fixed")} variance"),
            ("Sampler", $"{facts.Generation}"),
            ("Device", facts.Device),
        ];
        return new("Settings", "Everything that is needed to draw with the model is in its file.") { Facts = [.. settings, .. more] };
    }

    /// <summary>What came out: the figures of a training and of the run.</summary>
    /// <param name="training">How the model was trained; <see langword="null"/> if that is not known.</param>
    /// <param name="more">Other figures.</param>
    public static ReportSection Figures(TrainingSummary? training, params IReadOnlyList<(string Name, string Value)> more)
    {
        List<(string, string)> facts = [];
        void Add(string name, FormattableString value) => facts.Add((name, value.ToString(CultureInfo.InvariantCulture)));
        if (training is not null)
        {
            Add(
                "Training",
                $"{training.Steps:N0} steps of {training.BatchSize} from {training.Images:N0} pictures, {RunTexts.Time(TimeSpan.FromSeconds(training.Seconds))}");
            Add("Speed", $"{training.Steps * (double)training.BatchSize / training.Seconds:F0} pictures a second");
            Add("Last training loss", $"{training.FinalLoss:F4}");
            if (training.ValidationLoss is { } validation)
            {
                Add("Validation loss", $"{validation:F4}");
            }

            Add("Skipped steps", $"{training.SkippedSteps}");
            Add("Seed", $"{training.Seed}");
        }

        if (training?.Versions is { } versions)
        {
            Add("Trained by", $"{versions}");
        }

        return new("Figures", "Measured in this training, on the machine that it ran on.") { Facts = [.. facts, .. more] };
    }
}
