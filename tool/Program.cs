using Diffusion.Tool;
using Microsoft.ML.Diffusion.Samples;

return Shell.Run(cancellationToken => new DiffusionTool(args, cancellationToken).Run());
