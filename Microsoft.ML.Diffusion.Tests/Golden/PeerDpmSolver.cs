namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>
/// The multistep family of DPM-Solver (Lu et al. 2022) as diffusers has it: on epsilon or on x_0, as an equation with or without noise, of
/// order 1 to 3. The product has its second order on x_0; the others exist to replay recorded runs.
/// </summary>
internal sealed record PeerDpmSolver(
    string Algorithm,
    int Order,
    string SolverType,
    bool LowerOrderFinal) : Sampler(TimestepSubset.Trailing(1))
{
    public bool EulerAtFinal { get; init; }

    public int NumberOfSteps { get; init; }

    public override bool IsStochastic => Algorithm.StartsWith("sde-", StringComparison.Ordinal);

    protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
    {
        var (step, order) = (context.Step, OrderAt(context));
        var (alpha, sigma, lambda) = Coefficients(step.AlphaBar);
        var (alphaNext, sigmaNext, lambdaNext) = Coefficients(step.AlphaBarPrevious);
        var h = lambdaNext - lambda;

        // The solution is exact in x; what multiplies the prediction is an exponential of u.
        var (xScale, scale, u, noiseScale) = Algorithm switch
        {
            "dpmsolver++" => (sigmaNext / sigma, alphaNext, -h, 0),
            "dpmsolver" => (alphaNext / alpha, sigmaNext, h, 0),
            "sde-dpmsolver++" => (sigmaNext / sigma * Math.Exp(-h), alphaNext, -2 * h, sigmaNext * Math.Sqrt(1 - Math.Exp(-2 * h))),
            "sde-dpmsolver" => (alphaNext / alpha, 2 * sigmaNext, h, sigmaNext * Math.Sqrt(Math.Exp(2 * h) - 1)),
            _ => throw new NotSupportedException($"The algorithm '{Algorithm}' is not known."),
        };
        var phi = Math.Exp(u) - 1;

        var prediction = Algorithm.EndsWith("++", StringComparison.Ordinal) ? context.PredictedOriginal : context.PredictedNoise;
        var next = ImageBatch.Sum((xScale, x), (-scale * phi, prediction));
        if (order > 1)
        {
            var (first, second) = Differences(prediction, context, order, h);
            next = ImageBatch.Sum((1, next), (-scale * (SolverType == "midpoint" && order == 2 ? phi / 2 : (phi / u) - 1), first));
            next = second is null ? next : ImageBatch.Sum((1, next), (-scale * (((phi - u) / (u * u)) - 0.5), second));
        }

        context.Remember(prediction, Order - 1);
        return noiseScale > 0 ? ImageBatch.Sum((1, next), (noiseScale, context.DrawNoise())) : next;
    }

    // The first and, from order 3 on, the second derivative of the prediction in lambda, times powers of h.
    private static (ImageBatch First, ImageBatch? Second) Differences(ImageBatch prediction, SamplingContext context, int order, double h)
    {
        var lambdas =
            context.Earlier.Select(earlier => Coefficients(earlier.AlphaBar).Lambda)
                .Prepend(Coefficients(context.Step.AlphaBar).Lambda)
                .ToArray();
        var r0 = (lambdas[0] - lambdas[1]) / h;
        var latest = ImageBatch.Quotient(r0, (1, prediction), (-1, context.Earlier[0].Prediction));
        if (order == 2)
        {
            return (latest, null);
        }

        var r1 = (lambdas[1] - lambdas[2]) / h;
        var change = ImageBatch.Sum((1, latest), (-1 / r1, context.Earlier[0].Prediction), (1 / r1, context.Earlier[1].Prediction));
        return (ImageBatch.Sum((1, latest), (r0 / (r0 + r1), change)), ImageBatch.Quotient(r0 + r1, (1, change)));
    }

    private int OrderAt(SamplingContext context)
    {
        var reached = Math.Min(Order, context.Earlier.Count + 1);
        var isLast = context.Next is null;
        return isLast && (EulerAtFinal || LowerOrderFinal || context.Step.AlphaBarPrevious == 1) ? 1
            : context.Index == NumberOfSteps - 2 && LowerOrderFinal ? Math.Min(reached, 2)
            : reached;
    }

    private static (double Alpha, double Sigma, double Lambda) Coefficients(double alphaBar)
    {
        var (alpha, sigma) = (Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));
        return (alpha, sigma, Math.Log(alpha) - Math.Log(sigma));
    }
}
