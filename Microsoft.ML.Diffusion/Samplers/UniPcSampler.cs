using System.Globalization;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// UniPC (Zhao et al. 2023, arXiv 2302.04867): a multistep predictor, and a corrector that takes each step once more when the network was asked at its end,
/// which it is for the next step anyway. One network call a step.
/// </summary>
/// <remarks>
/// In the form of the predicted x_0 with B(h) = e^h - 1, the paper's B_2. Its predictor of second order is DPM-Solver++(2M), <see cref="DpmSolverSampler"/>;
/// the corrector raises the order by one. The first steps are of lower order, for want of predictions, and so are the last. Only the predicted x_0 is used,
/// so <see cref="Clipping.KeepPredictedNoise"/> has no effect. What an observer sees after a step is not corrected yet. [N, C, H, W] in and out, any size.
/// </remarks>
public sealed record UniPcSampler : Sampler
{
    /// <summary>What model files mean that name no order.</summary>
    internal const int DefaultOrder = 2;

    /// <summary>Initializes the sampler.</summary>
    /// <param name="steps">Number of steps, at least 1, over <see cref="TimestepSubset.LogSnr"/>.</param>
    /// <param name="order">The predictor's order: 2, or 3, which is ahead from some 40 steps on.</param>
    /// <exception cref="ArgumentOutOfRangeException">A value is outside its range.</exception>
    public UniPcSampler(int steps = 20, int order = DefaultOrder)
        : base(TimestepSubset.LogSnr(steps))
    {
        Order = order is 2 or 3
            ? order
            : throw new ArgumentOutOfRangeException(
                nameof(order),
                order,
                "order must be 2 or 3, because a first order would make nothing of earlier steps, and no higher one is made here; of first order take DdimSampler.");
    }

    /// <summary>Gets the order of the predictor.</summary>
    public int Order { get; }

    /// <inheritdoc/>
    public override bool IsStochastic => false;

    /// <summary>Whether the order falls to 1 in the last steps also where they leave noise; some runs of other libraries keep it.</summary>
    internal bool LowerOrderFinal { get; init; } = true;

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"UniPC of order {Order}, {Timesteps}, {Clipping}");

    /// <inheritdoc/>
    protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
    {
        var next = Predicted(Corrected(x, context), context);
        if (context.AlphaBar > 0)
        {
            context.Remember(context.PredictedOriginal, Order); // without any signal lambda is infinite: no polynomial goes through it
        }

        return next;
    }

    private ImageBatch Predicted(ImageBatch x, SamplingContext context)
    {
        var (alphaBar, alphaBarNext, x0) = (context.AlphaBar, context.AlphaBarNext, context.PredictedOriginal);
        var order = OrderAt(context.Index, context.Earlier.Count, context);
        if (order == 1 || alphaBarNext == 1)
        {
            return ProbabilityFlow.Euler(x, x0, alphaBar, alphaBarNext);
        }

        var weights = PredictorWeights(alphaBar, alphaBarNext, context.Earlier, order);
        var signal = Math.Sqrt(alphaBarNext);
        return ImageBatch.Sum(
            [
                (Math.Sqrt((1 - alphaBarNext) / (1 - alphaBar)), x),
                (signal * weights[0], x0),
                .. weights.Skip(1).Select((weight, i) => (signal * weight, context.Earlier[i].Prediction)),
            ]);
    }

    // The step that led here, now that the network was asked at its end: x and what the corrector's weights differ from the predictor's in.
    private ImageBatch Corrected(ImageBatch x, SamplingContext context)
    {
        if (context.Earlier.Count == 0)
        {
            return x;
        }

        var (start, before) = (context.Earlier[0], context.Earlier.Skip(1).ToList());
        var order = OrderAt(context.Index - 1, before.Count, context);
        var predictor = PredictorWeights(start.AlphaBar, context.AlphaBar, before, order);
        var corrector = CorrectorWeights(start.AlphaBar, context.AlphaBar, before, order);
        var signal = Math.Sqrt(context.AlphaBar);
        return ImageBatch.Sum(
            [
                (1, x),
                (signal * corrector[0], context.PredictedOriginal),
                .. predictor.Select((weight, i) => (signal * (corrector[i + 1] - weight), context.Earlier[i].Prediction)),
            ]);
    }

    // Of the prediction at the start of the step, then of those before it. Of second order the paper takes 1/2 for the only unknown.
    private static double[] PredictorWeights(
        double alphaBar,
        double alphaBarNext,
        IReadOnlyList<(double AlphaBar, ImageBatch Prediction)> earlier,
        int order)
    {
        var (length, nodes) = Nodes(alphaBar, alphaBarNext, earlier, order);
        if (order != 2)
        {
            return ExponentialIntegral.Weights(length, nodes);
        }

        var all = ExponentialIntegral.Moment(length, 0);
        return [all - (0.5 * all / nodes[1]), 0.5 * all / nodes[1]];
    }

    // Of the prediction at the end of the step, then as the predictor's. Of first order the paper takes 1/2 here too.
    private static double[] CorrectorWeights(
        double alphaBar,
        double alphaBarNext,
        IReadOnlyList<(double AlphaBar, ImageBatch Prediction)> earlier,
        int order)
    {
        var (length, nodes) = Nodes(alphaBar, alphaBarNext, earlier, order);
        var half = 0.5 * ExponentialIntegral.Moment(length, 0);
        return order == 1 ? [half, half] : ExponentialIntegral.Weights(length, [1, .. nodes]);
    }

    private static (double Length, double[] Nodes) Nodes(
        double alphaBar,
        double alphaBarNext,
        IReadOnlyList<(double AlphaBar, ImageBatch Prediction)> earlier,
        int order)
    {
        var length = Lambda(alphaBarNext) - Lambda(alphaBar);
        return (length, [0, .. earlier.Take(order - 1).Select(one => (Lambda(one.AlphaBar) - Lambda(alphaBar)) / length)]);
    }

    private int OrderAt(int index, int earlier, SamplingContext context)
    {
        var reached = Math.Min(Order, earlier + 1);
        return LowerOrderFinal ? Math.Min(reached, context.NumberOfSteps - index) : reached;
    }

    private static double Lambda(double alphaBar) => 0.5 * Math.Log(alphaBar / (1 - alphaBar));
}
