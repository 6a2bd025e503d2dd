using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Serving;

namespace Microsoft.ML.Diffusion;

/// <content>Images of requests.</content>
public sealed partial class DiffusionTransformer
{
    /// <summary>Checks a request and fills in what it leaves to the model, also when that is disposed and only its weights are there.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The model knows no class of that name, or an option is outside its range.</exception>
    internal PendingImage Pending(ImageRequest request, ServedModel served)
    {
        var label = request.ClassName is { } name ? Inputs.Label(name, nameof(ImageRequest.ClassName)) : -1;
        var options = Generation with
        {
            Sampler = request.Sampler ?? Generation.Sampler,
            GuidanceScale = request.GuidanceScale ?? Generation.GuidanceScale,
            Seed = null,
            BatchSize = null,
            Progress = null,
            Observer = null,
            CancellationToken = default,
        };
        options.ValidateFor(Schedule, Variance);
        if (label < 0)
        {
            options = new GenerationOptions { Sampler = options.Sampler }; // what is not guided goes with all others of its sampler
        }

        return new PendingImage(
            new BatchKind(served, options, HasLabels: label >= 0),
            Seeds.Resolve(_host, request.Seed ?? Generation.Seed),
            label);
    }
}
