using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground.Editing;

/// <summary>What a model makes of an image: what comes back of the noise that stands for it, and how likely it is.</summary>
/// <param name="model">The model.</param>
/// <param name="image">The image, of the model's size.</param>
/// <param name="request">The class and the number of steps.</param>
internal sealed class Encoding(DiffusionTransformer model, MLImage image, EditRequest request)
{
    private const int JudgedTimesteps = 100;

    private int[]? Labels => request.Labels(1);

    /// <summary>The image encoded by DDIM's steps upward and decoded by the same downward, and the error that is left.</summary>
    public object Reconstruct(IProgress<double> progress, CancellationToken cancellationToken)
    {
        var options = new GenerationOptions
        {
            Sampler = new DdimSampler(request.Steps),
            Progress = progress,
            CancellationToken = cancellationToken,
        };
        var again = model.Decode(model.Encode([image], options, Labels), options, Labels);
        var error = model.ReconstructionError([image], options, Labels)[0];
        return new { Image = Png.Take(again)[0], Error = error, request.Steps };
    }

    /// <summary>A bound of the image's negative log-likelihood, in bits a pixel and channel.</summary>
    public object Judge(IProgress<double> progress, CancellationToken cancellationToken)
    {
        var timesteps = model.Schedule.NumberOfTrainingTimesteps;
        var judged = model.EvaluateLikelihood([image], new LikelihoodOptions
        {
            NumberOfTimesteps = timesteps > JudgedTimesteps ? JudgedTimesteps : null,
            Labels = Labels,
            Seed = request.Seed,
            Progress = progress,
            CancellationToken = cancellationToken,
        });
        return new
        {
            Bits = judged.BitsPerDimension,
            StandardError = judged.HasAllTimesteps ? null : (double?)judged.StandardError,
            Judged = judged.Timesteps.Count,
            Timesteps = timesteps,
        };
    }
}
