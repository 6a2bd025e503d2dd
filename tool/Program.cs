using Diffusion.Tool;
using Diffusion.Tool.Commands;
using Microsoft.ML.Diffusion.Samples;

return Shell.Run(cancellationToken => new DiffusionTool(args, ToolCommands.Create(cancellationToken))
{
    Elsewhere = EvaluateProgram.IsMeant(args) ? () => EvaluateProgram.Run(args, cancellationToken) : null,
}.Run());
