using Microsoft.ML.Diffusion.Samples;
using Diffusion.Tool;

return Shell.Run(cancellationToken => new DiffusionTool(args, cancellationToken).Run());
