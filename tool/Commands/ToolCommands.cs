using System.CommandLine;
using Diffusion.Tool.Options;

namespace Diffusion.Tool.Commands;

/// <summary>What the tool can do.</summary>
internal static class ToolCommands
{
    public static RootCommand Create(CancellationToken cancellationToken) => new(
        "Trains diffusion models on folders of pictures and draws with them. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl+C.")
    {
        CommonOptions.Json,
        CommonOptions.Quiet,
        CommonOptions.Verbose,
        new TrainCommand(cancellationToken),
        new GenerateCommand(cancellationToken),
        new MergeCommand(cancellationToken),
        new InterpolateCommand(cancellationToken),
        new ServeCommand(cancellationToken),
        new DescribeCommand(cancellationToken),
        new InspectCommand(cancellationToken),
        new DistillCommand(cancellationToken),
        new OnnxCommand(cancellationToken),
        EvaluateProgram.Command,
    };
}
