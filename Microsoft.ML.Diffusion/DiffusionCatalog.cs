using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>What can be done with image diffusion models besides training them in a pipeline: <c>mlContext.Diffusion</c>.</summary>
public sealed partial class DiffusionCatalog
{
    private readonly MLContext _context;
    private readonly IHost _host;

    internal DiffusionCatalog(MLContext context) =>
        (_context, _host) = (context, ((IHostEnvironment)context).Register(nameof(DiffusionCatalog)));
}
