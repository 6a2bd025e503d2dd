
namespace Microsoft.ML.Diffusion;

/// <content>Students of few steps.</content>
public sealed partial class DiffusionCatalog
{
    /// <summary>
    /// Makes of a model a student that generates in a few network calls, by progressive distillation (Salimans and Ho 2022): stage by stage it learns to take in one
    /// DDIM step what takes its teacher two. Guidance goes into it, so that it needs one call a step where the model needs two (Meng et al. 2023).
    /// </summary>
    /// <param name="model">The model, which stays as it is. It predicts v or x_0, and its variance is fixed.</param>
    /// <param name="images">Images of the kind that it learned, in its columns (<see cref="DiffusionEstimator.Fit(IDataView)"/>), classes among them if it has any.</param>
    /// <param name="options">How; <see langword="null"/> for 4 steps by the defaults.</param>
    /// <returns>
    /// The student: a model like any other, which generates by <see cref="DdimSampler"/> in <see cref="DistillationOptions.Steps"/> steps. Other numbers of steps
    /// are not for it. Its <see cref="DiffusionTransformer.Training"/> tells of all stages together.
    /// </returns>
    /// <remarks>
    /// A run that was interrupted goes on from <see cref="TrainingOptions.CheckpointDirectory"/>, stages that are done being taken from there. If it is
    /// cancelled and <see cref="TrainingOptions.ReturnModelOnCancellation"/> is set, the student of the stage at hand is returned, which has as many steps as that is for.
    /// </remarks>
    /// <exception cref="ArgumentOutOfRangeException">An option is outside its range, or a column is missing or of another type.</exception>
    /// <exception cref="ArgumentException">The model predicts epsilon, or learned the variance of its steps.</exception>
    /// <exception cref="ObjectDisposedException">The model is disposed.</exception>
    /// <inheritdoc cref="DiffusionEstimator.Fit(IDataView)" path="/exception[not(contains(@cref, 'ArgumentOutOfRangeException'))]"/>
    public DiffusionTransformer Distill(DiffusionTransformer model, IDataView images, DistillationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(images);
        options ??= new DistillationOptions();
        options.ValidateFor(model.Schedule);
        if (model.Prediction == PredictionType.Epsilon)
        {
            throw new ArgumentException(
                "The model must predict v or x_0 to be distilled, because epsilon says nothing of the image where x_t is almost all noise, and few steps begin there. Train one with Prediction = VPrediction.",
                nameof(model));
        }

        if (model.Variance != ModelVariance.Fixed)
        {
            throw new ArgumentException(
                "The model must have Variance = Fixed to be distilled, because DDIM steps have no variance that its student could learn.",
                nameof(model));
        }

        using var share = model.Use(); // whoever disposes the model meanwhile
        return new Distillation(_host, model, options).Run(images);
    }
}
