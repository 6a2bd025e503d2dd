using System.CommandLine;
using System.CommandLine.Help;
using Diffusion.Evaluate;
using Diffusion.Tool;
using Diffusion.Tool.Options;
using Microsoft.ML.Diffusion.Samples;

// Named as it is typed: diffusion evaluate, which starts this program.
return Shell.Run(cancellationToken => new DiffusionTool(
    [EvaluateCommand.Typed, .. args],
    new Command("diffusion")
    {
        CommonOptions.Json,
        CommonOptions.Quiet,
        CommonOptions.Verbose,
        new HelpOption { Recursive = true },
        new EvaluateCommand(cancellationToken),
    }).Run());
