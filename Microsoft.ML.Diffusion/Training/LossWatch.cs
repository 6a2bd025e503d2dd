namespace Microsoft.ML.Diffusion.Training;

/// <summary>What losses tell of a run.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Loss">The mean loss of the last steps.</param>
/// <param name="Reference">The loss to compare with: of a network that does not look at x_t, or the lowest of the run.</param>
/// <param name="Steps">The number of the last steps.</param>
internal readonly record struct LossFinding(LossFindingKind Kind, double Loss, double Reference, int Steps);

/// <summary>What can be wrong with losses.</summary>
internal enum LossFindingKind
{
    /// <summary>After many steps it is that of a network that says the same of all images.</summary>
    Flat,

    /// <summary>It is above that of a network that always predicts 0 for long.</summary>
    High,

    /// <summary>It has risen far above its lowest.</summary>
    Risen,
}

/// <summary>Finds in the losses of steps what tells of a wrong learning rate, by the means of windows that follow each other.</summary>
/// <remarks>
/// Losses of single steps vary, since timesteps do, and with small batches much: a window has at least 1,600 images. The measures are the
/// losses of networks that do not look at x_t: each network begins at or above that of 0, and any that learns falls below that of the mean.
/// </remarks>
/// <param name="blind">These losses.</param>
/// <param name="batchSize">Images of a step.</param>
internal sealed class LossWatch(BlindLoss blind, int batchSize)
{
    private const int LeastSteps = 50;
    private const int LeastImages = 1600;
    private const int StepsToFall = 500;

    /// <summary>Of the loss of the mean: a network is not below it by less.</summary>
    private const double FlatShare = 0.95;

    /// <summary>Of the loss of 0: no network that learns is there.</summary>
    private const double HighShare = 1.5;

    /// <summary>Of the loss of the mean: below it a loss that rises is that of an overfitted network, whose batches differ.</summary>
    private const double RisenShare = 0.5;

    /// <summary>Of the lowest loss.</summary>
    private const double RiseFactor = 2;

    /// <summary>
    /// Of the loss of 0: images that are all alike come to it, whose mean says everything. Of those that differ by less, a network that
    /// learns their mean alone is not told.
    /// </summary>
    private const double LeastShare = 0.1;

    private readonly double _meanLoss = Math.Max(blind.OfMean, LeastShare * blind.OfZero);
    private readonly int _window = Math.Max(LeastSteps, (LeastImages + batchSize - 1) / batchSize);
    private double _sum;
    private int _count;
    private int _warmSteps;
    private double _lowest = double.PositiveInfinity;
    private LossFindingKind? _last;
    private bool _hasFallen;
    private bool _isOver;

    /// <summary>Takes the loss of a step that was taken.</summary>
    /// <param name="loss">The loss.</param>
    /// <param name="isWarm">Whether the warm-up is over.</param>
    /// <returns>What is found now, once a run; else null.</returns>
    public LossFinding? Add(double loss, bool isWarm)
    {
        (_sum, _count, _warmSteps) = (_sum + loss, _count + 1, _warmSteps + (isWarm ? 1 : 0));
        if (_count < _window || _isOver)
        {
            return null;
        }

        var mean = _sum / _count;
        (_sum, _count, _lowest) = (0, 0, Math.Min(_lowest, mean));
        _hasFallen |= mean < FlatShare * _meanLoss;
        if (Judge(mean) is not { } kind)
        {
            _last = null;
            return null;
        }

        var lasts = kind == LossFindingKind.Flat || _last is not null; // a single window may be high and mean nothing
        _last = kind;
        _isOver = lasts;
        return lasts ? new(kind, mean, Reference(kind), _window) : null;
    }

    private LossFindingKind? Judge(double mean) => mean switch
    {
        _ when mean > HighShare * blind.OfZero => LossFindingKind.High,
        _ when mean > RiseFactor * _lowest && mean > RisenShare * _meanLoss => LossFindingKind.Risen,
        _ when !_hasFallen && _warmSteps >= Math.Max(StepsToFall, 2 * _window) => LossFindingKind.Flat,
        _ => null,
    };

    private double Reference(LossFindingKind kind) => kind switch
    {
        LossFindingKind.Flat => blind.OfMean,
        LossFindingKind.High => blind.OfZero,
        _ => _lowest,
    };
}
