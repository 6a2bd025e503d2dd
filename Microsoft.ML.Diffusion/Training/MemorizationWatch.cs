using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>
/// Notices a run that learns its images by heart: the loss of images that it does not learn from has risen well above its lowest, while the training loss fell on.
/// </summary>
/// <remarks>
/// Validation always judges by the same noise, so its loss moves little by chance; three in a row far above the lowest are none. The training loss is that of
/// random timesteps: means of several reports are compared.
/// </remarks>
/// <param name="numberOfImages">The number of images that the run learns from.</param>
internal sealed class MemorizationWatch(int numberOfImages)
{
    /// <summary>How far above its lowest the validation loss must be, as a factor.</summary>
    public const double Rise = 1.1;

    /// <summary>The number of validations in a row that must be so far above it.</summary>
    public const int InARow = 3;

    private const int Averaged = 5; // reports

    private readonly Queue<double> _losses = new();
    private (int Step, double Validation, double Training) _best = (0, double.PositiveInfinity, double.NaN);
    private double? _last;
    private int _above;
    private bool _hasTold;

    /// <summary>Takes a report, and says once what is wrong and what to do.</summary>
    /// <returns>The warning; null if there is nothing to say, or it is said.</returns>
    public OptionText? Add(TrainingProgress progress)
    {
        Remember(progress.Loss);
        if (progress.ValidationLoss is not { } validation || validation == _last)
        {
            return null; // the same number to the last bit is that of the report before
        }

        _last = validation;
        if (validation < _best.Validation)
        {
            (_best, _above) = ((progress.Step, validation, MeanLoss), 0);
            return null;
        }

        _above = validation > Rise * _best.Validation ? _above + 1 : 0;
        if (_hasTold || _above < InARow || !(MeanLoss < _best.Training))
        {
            return null;
        }

        _hasTold = true;
        return Warning(progress.Step, validation);
    }

    private double MeanLoss => _losses.Count == 0 ? double.NaN : _losses.Average();

    private void Remember(double loss)
    {
        if (!double.IsFinite(loss))
        {
            return;
        }

        _losses.Enqueue(loss);
        if (_losses.Count > Averaged)
        {
            _losses.Dequeue();
        }
    }

    private OptionText Warning(int step, double validation)
    {
        const string Validation = nameof(TrainingOptions.Validation);
        return $"The model is learning its {numberOfImages} images by heart: at step {step} the validation loss, {validation:F4}, is {(validation / _best.Validation) - 1:P0} above its lowest, {_best.Validation:F4} at step {_best.Step}, while the training loss fell from {_best.Training:F4} to {MeanLoss:F4}. Train on more images or for fewer steps, about {_best.Step}; or set {new OptionName($"{Validation}.{nameof(ValidationOptions.KeepBest)}")}, which takes the weights of the lowest validation loss, and {new OptionName($"{Validation}.{nameof(ValidationOptions.Patience)}")}, which ends the run soon after it. {new OptionName(nameof(TrainingOptions.Augmentation))}, {new OptionName(nameof(UNetOptions.Dropout))} and {new OptionName(nameof(TrainingOptions.FlipHorizontally))} make it later.";
    }
}
