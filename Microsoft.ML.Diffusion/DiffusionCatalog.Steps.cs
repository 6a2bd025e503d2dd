using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <content>Few steps.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>
    /// Finds the timesteps for this model over which a sampler, in so many steps, ends nearest to where the model's probability flow leads from the same
    /// noise.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="steps">S, the number of steps: 2 to 100, at most T.</param>
    /// <param name="options">
    /// The sampler whose rule the steps are for, which must be deterministic and whose own timesteps do not count; seed, guidance, clipping, progress and
    /// cancellation. <see langword="null"/> uses the model's.
    /// </param>
    /// <param name="numberOfImages">
    /// How many images of the model's own are drawn over and over, all classes in turn: 1 to 256. As many others decide at last.
    /// </param>
    /// <returns>
    /// S whole timesteps, as by <see cref="TimestepSubset.Of"/>, or a known spacing where it ends nearer: for
    /// <see cref="Sampler.Timesteps"/> of any sampler. With <see cref="DiffusionTransformer.WithGeneration"/> they become the model's own,
    /// and are saved with it.
    /// </returns>
    /// <remarks>
    /// Dynamic programming over the cost of pairs of timesteps (Watson et al. 2021), the cost being the error of one DDIM step between
    /// them on the accurate flow, gives first lists; the sampler itself decides between them and the known spacings, and single timesteps
    /// are then moved while that brings it nearer. The result ends, for as many images again that the search has not seen, no farther from
    /// the flow than Karras, log-SNR and trailing steps do. No images are needed: the flow starts from noise. At most about
    /// 220 + 11 S + 8 S² steps of the sampler for each image; equal seeds find equal steps.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="steps"/> or <paramref name="numberOfImages"/> is outside its range, the sampler draws noise, or an option is outside its range.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <exception cref="OperationCanceledException">The token of the options was cancelled.</exception>
    public TimestepSubset OptimizeSteps(
        DiffusionTransformer model,
        int steps,
        GenerationOptions? options = null,
        int numberOfImages = 16)
    {
        ArgumentNullException.ThrowIfNull(model);
        options = (options ?? model.Generation).For(model.Schedule);
        options.ValidateFor(model.Schedule, model.Variance);
        var most = Math.Min(100, model.Schedule.NumberOfTrainingTimesteps);
        Check.Require(
            steps >= 2 && steps <= most,
            nameof(steps),
            steps,
            $"must be from 2 to {most}, because one step has no choice, the model has {model.Schedule.NumberOfTrainingTimesteps} timesteps, and more than 100 steps end at the same images over any of them");
        Check.Require(
            numberOfImages is >= 1 and <= 256,
            nameof(numberOfImages),
            numberOfImages,
            "must be from 1 to 256, because all of them are drawn again for every list of timesteps that is tried");
        Check.Require(
            !options.Sampler.IsStochastic,
            nameof(GenerationOptions.Sampler),
            options.Sampler,
            "must be deterministic, because with noise of its own in each step no image ends where the flow from its start leads; take the sampler without noise, such as new UniPcSampler()");
        using var share = model.Use();
        return new StepSearch(model.Model, options, Seeds.Resolve(_host, options.Seed), numberOfImages).Find(steps);
    }
}
