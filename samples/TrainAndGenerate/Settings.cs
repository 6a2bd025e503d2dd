using System.CommandLine;
using System.CommandLine.Invocation;
using Microsoft.ML.Diffusion.Samples;

namespace TrainAndGenerate;

/// <summary>What the command line chooses. For everything else there is <c>diffusion train</c>, the command of tool/ (docs/tool.md).</summary>
/// <param name="ImageFolder">The folder to learn from; null is the bundled Fashion-MNIST.</param>
/// <param name="ModelFile">The model to draw with; null trains one.</param>
/// <param name="Generate">Number of single images to write besides.</param>
/// <param name="IsQuick">Whether to train little and draw in few steps.</param>
/// <param name="OutputFolder">Where files are written; null is the repository's artifacts.</param>
internal sealed record Settings(string? ImageFolder, string? ModelFile, int Generate, bool IsQuick, string? OutputFolder)
{
    /// <summary>Parses the arguments and runs the program with them; --help and mistakes are answered here.</summary>
    /// <returns>The exit code of the process.</returns>
    public static int Run(string[] args, Func<Settings, CancellationToken, int> program) => Shell.Run(cancellationToken =>
    {
        var parsed = CreateCommand(settings => program(settings, cancellationToken)).Parse(args);
        return parsed.Action is ParseErrorAction
            ? throw new ArgumentException(
                $"{parsed.Errors[0].Message} --help lists what can be chosen; 'diffusion train' of tool/ has more options.")
            : parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
    });

    private static RootCommand CreateCommand(Func<Settings, int> program)
    {
        var images =
            new Option<string>("--images")
            {
                HelpName = "FOLDER",
                Description = "Learn from the pictures in this folder and below it, of any size, without labels [default: the bundled Fashion-MNIST]",
            };
        var model = new Option<string>("--model") { HelpName = "FILE", Description = "Draw with this model instead of training one" };
        var generate =
            new Option<int>("--generate")
            {
                HelpName = "N",
                Description = "Also write this many single pictures to generated/00000.png, ... in the output folder",
            };
        var quick =
            new Option<bool>("--quick") { Description = "Train little and draw in few steps, to see in half a minute that all of it runs" };
        var output =
            new Option<string>("--output")
            {
                HelpName = "FOLDER",
                Description = "Where files are written [default: artifacts at the root of the repository]",
            };
        generate.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 0)
            {
                result.AddError("--generate must be at least 0, because it is a number of pictures.");
            }
        });

        var command =
            new RootCommand(
                "Trains a diffusion model on pictures, then draws with it. Without options it learns the bundled Fashion-MNIST by kind of garment.") { images, model, generate, quick, output };
        command.SetAction(parsed => program(new Settings(
            parsed.GetValue(images), parsed.GetValue(model), parsed.GetValue(generate), parsed.GetValue(quick), parsed.GetValue(output))));
        return command;
    }
}
