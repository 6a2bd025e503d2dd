using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;
using Microsoft.ML.Diffusion.Samples;

namespace TrainAndGenerate;

/// <summary>Turns arguments into <see cref="Settings"/>. The defaults shown by --help are those of <see cref="Settings"/>.</summary>
internal static class CommandLine
{
    /// <summary>Parses the arguments and runs the program with them; --help and mistakes are answered here.</summary>
    /// <returns>The exit code of the process.</returns>
    public static int Run(string[] args, Func<Settings, CancellationToken, int> program) => Shell.Run(cancellationToken =>
    {
        var command = Create(settings => program(settings, cancellationToken));
        var parsed = command.Parse(args);
        return parsed.Action is ParseErrorAction
            ? throw new ArgumentException($"{parsed.Errors[0].Message} --help lists what can be chosen.")
            : parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    });

    private static RootCommand Create(Func<Settings, int> program)
    {
        var defaults = new Settings();
        var command = new RootCommand("Trains a diffusion model on pictures, then draws with it. Without options it learns the bundled Fashion-MNIST by kind of garment.");

        Option<T> AddOption<T>(Option<T> option)
        {
            command.Add(option);
            return option;
        }

        Option<T> Add<T>(string name, string value, string description) => AddOption(new Option<T>(name) { HelpName = value, Description = description });
        Option<T> AddWithDefault<T>(string name, string value, string description, T initial) => AddOption(new Option<T>(name) { HelpName = value, Description = description, DefaultValueFactory = _ => initial });
        Option<bool> AddSwitch(string name, string description) => AddOption(new Option<bool>(name) { Description = description });

        var images = Add<string>("--images", "FOLDER", "Learn from the png, jpg, webp and bmp pictures in this folder and below it, of any size, without labels [default: the bundled Fashion-MNIST]");
        var size = Add<int>("--size", "PIXELS", $"Side of the square that pictures are resized and cropped to [default: {FashionMnist.Size} for Fashion-MNIST, {Settings.DefaultFolderSize} for --images]");
        var unlabelled = AddSwitch("--unlabelled", "Do not tell the model what the bundled pictures show");
        var flip = AddSwitch("--flip", "Mirror pictures left to right at random while training");
        var steps = Add<int>("--steps", "N", "Train for this many steps");
        var epochs = Add<int>("--epochs", "N", "Train for this many passes over the pictures");
        var minutes = Add<double>("--minutes", "M", string.Create(CultureInfo.InvariantCulture, $"Train for this long [default: {Settings.DefaultMinutes} if neither --steps nor --epochs is given]"));
        var baseChannels = AddWithDefault("--base-channels", "N", "Channels of the network at full resolution, a multiple of 32", defaults.BaseChannels);
        var multipliers = AddWithDefault("--multipliers", "LIST", "Channels of each level of the network as a multiple of --base-channels", Text(defaults.Multipliers));
        var blocks = AddWithDefault("--blocks", "N", "Residual blocks of each level", defaults.Blocks);
        var attention = AddWithDefault("--attention", "LIST", "Resolutions with self-attention, or none; the middle always has it", Text(defaults.Attention));
        var patch = AddWithDefault("--patch", "PIXELS", "Side of the pixel blocks that the network sees as one; 2 trains about four times as fast", defaults.Patch);
        var dropout = AddWithDefault("--dropout", "P", "Probability of dropping a feature while training", defaults.Dropout);
        var validation = AddWithDefault("--validation", "N", string.Create(CultureInfo.InvariantCulture, $"Judge by this many pictures that are not learned from; of a folder's, at most {Settings.FolderValidationShare:P0}"), defaults.ValidationImages);
        var batch = AddWithDefault("--batch", "N", "Pictures in a training step", defaults.BatchSize);
        var learningRate = AddWithDefault("--learning-rate", "RATE", "Highest learning rate; it falls to 0 along a cosine", defaults.LearningRate);
        var ema = AddWithDefault("--ema", "DECAY", "Decay per step of the average of weights that the model uses", defaults.EmaDecay);
        var prediction = AddWithDefault("--prediction", "KIND", "What the network predicts: epsilon, sample or v", defaults.Prediction).AcceptOnlyFromAmong([.. OptionNames.Predictions]);
        var schedule = AddWithDefault("--schedule", "KIND", "Noise schedule: linear, scaled-linear, cosine or sigmoid", defaults.Schedule).AcceptOnlyFromAmong([.. OptionNames.Schedules]);
        var sampler = AddWithDefault("--sampler", "KIND", "How pictures are drawn: ddim, ddpm, dpm-solver, heun or euler", defaults.Sampler).AcceptOnlyFromAmong([.. OptionNames.Samplers]);
        var samplingSteps = Add<int>("--sampling-steps", "N", $"Steps of drawing a picture [default: {OptionNames.DefaultSteps}]");
        var eta = AddWithDefault("--eta", "ETA", "Noise that ddim draws at each step: 0 is none, 1 that of ddpm", defaults.Eta);
        var guidance = AddWithDefault("--guidance", "SCALE", "How far a picture is pushed towards its class: 1 is not at all, 2 exaggerates and takes twice as long", defaults.Guidance);
        var seed = AddWithDefault("--seed", "N", "Seed of everything random", defaults.Seed);
        var device = Add<string>("--device", "NAME", "cpu, cuda or cuda:1 [default: cuda where there is one]");
        var model = Add<string>("--model", "FILE", "Draw with this model instead of training one; it keeps its own network, and its sampler unless one is chosen here");
        var generate = AddWithDefault("--generate", "N", "Also write this many single pictures to generated/00000.png, ... in the output folder", defaults.Generate);
        var quick = AddSwitch("--quick", "Train little and draw in few steps, to see in half a minute that all of it runs");
        var output = Add<string>("--output", "FOLDER", "Where files are written [default: artifacts at the root of the repository]");

        RequireAtLeast(size, 1);
        RequireAtLeast(generate, 0);
        RequireAtLeast(validation, 0);

        Settings Read(ParseResult parsed) => new()
        {
            ImageFolder = parsed.GetValue(images),
            Size = GivenValue(parsed, size),
            Unlabelled = parsed.GetValue(unlabelled),
            ValidationImages = parsed.GetValue(validation),
            Flip = parsed.GetValue(flip),
            Steps = GivenValue(parsed, steps),
            Epochs = GivenValue(parsed, epochs),
            Minutes = GivenValue(parsed, minutes),
            BaseChannels = parsed.GetValue(baseChannels),
            Multipliers = Numbers(parsed, multipliers),
            Blocks = parsed.GetValue(blocks),
            Attention = Numbers(parsed, attention),
            Patch = parsed.GetValue(patch),
            Dropout = parsed.GetValue(dropout),
            BatchSize = parsed.GetValue(batch),
            LearningRate = parsed.GetValue(learningRate),
            EmaDecay = parsed.GetValue(ema),
            Prediction = parsed.GetRequiredValue(prediction),
            Schedule = parsed.GetRequiredValue(schedule),
            Sampler = parsed.GetRequiredValue(sampler),
            SamplingSteps = GivenValue(parsed, samplingSteps),
            Eta = parsed.GetValue(eta),
            Guidance = parsed.GetValue(guidance),
            ChoosesSampling = new Option[] { sampler, samplingSteps, eta, guidance }.Any(option => IsGiven(parsed, option)),
            Seed = parsed.GetValue(seed),
            Device = parsed.GetValue(device),
            ModelFile = parsed.GetValue(model),
            Generate = parsed.GetValue(generate),
            OutputFolder = parsed.GetValue(output),
        };

        command.SetAction(parsed => program(parsed.GetValue(quick) ? Read(parsed).ToQuick() : Read(parsed)));
        return command;
    }

    private static bool IsGiven(ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    private static T? GivenValue<T>(ParseResult parsed, Option<T> option)
        where T : struct => IsGiven(parsed, option) ? parsed.GetValue(option) : null;

    private static void RequireAtLeast(Option<int> option, int minimum) => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() < minimum)
        {
            result.AddError($"{option.Name} must be at least {minimum}.");
        }
    });

    private static string Text(IReadOnlyList<int> numbers) => numbers.Count == 0 ? "none" : string.Join(',', numbers);

    private static int[] Numbers(ParseResult parsed, Option<string> option)
    {
        var text = parsed.GetRequiredValue(option);
        return text == "none"
            ? []
            : Array.ConvertAll(text.Split(','), part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new ArgumentException($"{option.Name} must be whole numbers with commas between them, such as 1,2,2, but is '{text}'."));
    }
}
