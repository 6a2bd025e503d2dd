using System.CommandLine;
using System.CommandLine.Invocation;
using System.Globalization;

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

        Option<T> Add<T>(string name, string value, string description, T? initial = default)
        {
            var option = new Option<T>(name) { HelpName = value, Description = description };
            if (initial is not null && initial is not false)
            {
                option.DefaultValueFactory = _ => initial;
            }

            command.Add(option);
            return option;
        }

        Option<bool> AddSwitch(string name, string description)
        {
            var option = new Option<bool>(name) { Description = description };
            command.Add(option);
            return option;
        }

        var images = Add<string>("--images", "FOLDER", "Learn from the png, jpg, webp and bmp pictures in this folder and below it, of any size, without labels [default: the bundled Fashion-MNIST]");
        var size = Add<int?>("--size", "PIXELS", $"Side of the square that pictures are resized and cropped to [default: {FashionMnist.Size} for Fashion-MNIST, {Settings.DefaultFolderSize} for --images]");
        var unlabelled = AddSwitch("--unlabelled", "Do not tell the model what the bundled pictures show");
        var flip = AddSwitch("--flip", "Mirror pictures left to right at random while training");
        var steps = Add<int?>("--steps", "N", "Train for this many steps");
        var epochs = Add<int?>("--epochs", "N", "Train for this many passes over the pictures");
        var minutes = Add<double?>("--minutes", "M", $"Train for this long [default: {Settings.DefaultMinutes} if neither --steps nor --epochs is given]");
        var baseChannels = Add("--base-channels", "N", "Channels of the network at full resolution, a multiple of 32", defaults.BaseChannels);
        var multipliers = Add("--multipliers", "LIST", "Channels of each level of the network as a multiple of --base-channels", Text(defaults.Multipliers));
        var blocks = Add("--blocks", "N", "Residual blocks of each level", defaults.Blocks);
        var attention = Add("--attention", "LIST", "Resolutions with self-attention, or none; the middle always has it", Text(defaults.Attention));
        var patch = Add("--patch", "PIXELS", "Side of the pixel blocks that the network sees as one; 2 trains about four times as fast", defaults.Patch);
        var dropout = Add("--dropout", "P", "Probability of dropping a feature while training", defaults.Dropout);
        var batch = Add("--batch", "N", "Pictures in a training step", defaults.BatchSize);
        var learningRate = Add("--learning-rate", "RATE", "Highest learning rate; it falls to 0 along a cosine", defaults.LearningRate);
        var ema = Add("--ema", "DECAY", "Decay per step of the average of weights that the model uses", defaults.EmaDecay);
        var prediction = Add("--prediction", "KIND", "What the network predicts: epsilon, sample or v", defaults.Prediction).AcceptOnlyFromAmong("epsilon", "sample", "v");
        var schedule = Add("--schedule", "KIND", "Noise schedule: linear, scaled-linear, cosine or sigmoid", defaults.Schedule).AcceptOnlyFromAmong("linear", "scaled-linear", "cosine", "sigmoid");
        var sampler = Add("--sampler", "KIND", "How pictures are drawn: ddim or ddpm", defaults.Sampler).AcceptOnlyFromAmong("ddim", "ddpm");
        var samplingSteps = Add<int?>("--sampling-steps", "N", $"Steps of drawing a picture [default: {Settings.DefaultDdimSteps} for ddim, {Settings.DefaultDdpmSteps} for ddpm]");
        var eta = Add("--eta", "ETA", "Noise that ddim draws at each step: 0 is none, 1 that of ddpm", defaults.Eta);
        var guidance = Add("--guidance", "SCALE", "How far a picture is pushed towards its class: 1 is not at all, 2 exaggerates and takes twice as long", defaults.Guidance);
        var seed = Add("--seed", "N", "Seed of everything random", defaults.Seed);
        var device = Add<string>("--device", "NAME", "cpu, cuda or cuda:1 [default: cuda where there is one]");
        var model = Add<string>("--model", "FILE", "Draw with this model instead of training one; it keeps its own network, and its sampler unless one is chosen here");
        var generate = Add("--generate", "N", "Also write this many single pictures to generated/00000.png, ... in the output folder", defaults.Generate);
        var output = Add<string>("--output", "FOLDER", "Where files are written [default: artifacts at the root of the repository]");

        command.SetAction(parsed => program(new Settings
        {
            ImageFolder = parsed.GetValue(images),
            Size = parsed.GetValue(size),
            Unlabelled = parsed.GetValue(unlabelled),
            Flip = parsed.GetValue(flip),
            Steps = parsed.GetValue(steps),
            Epochs = parsed.GetValue(epochs),
            Minutes = parsed.GetValue(minutes),
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
            SamplingSteps = parsed.GetValue(samplingSteps),
            Eta = parsed.GetValue(eta),
            Guidance = parsed.GetValue(guidance),
            ChoosesSampling = new Option[] { sampler, samplingSteps, eta, guidance }.Any(option => parsed.GetResult(option) is { Implicit: false }),
            Seed = parsed.GetValue(seed),
            Device = parsed.GetValue(device),
            ModelFile = parsed.GetValue(model),
            Generate = parsed.GetValue(generate),
            OutputFolder = parsed.GetValue(output),
        }));
        return command;
    }

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
