using System.Globalization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Schedules;

/// <summary>The recipe of a <see cref="NoiseSchedule"/>: a formula by its name in diffusers' configuration, and the formula's arguments.</summary>
internal sealed record NoiseScheduleKind(string Name, int Timesteps, double BetaStart = 0, double BetaEnd = 0, double MaximumBeta = 0)
{
    public const string LinearName = "linear";
    public const string ScaledLinearName = "scaled_linear";
    public const string SigmoidName = "sigmoid";
    public const string CosineName = "squaredcos_cap_v2";
    public const string SigmoidCumulativeName = "sigmoid_cumulative";
    public const string TrainedBetasName = "trained_betas";

    public bool ZeroTerminalSnr { get; init; }

    public EquatableList<double>? TrainedBetas { get; init; }

    public static NoiseScheduleKind Linear(int timesteps, double betaStart, double betaEnd) =>
        new(LinearName, timesteps, betaStart, betaEnd);

    public static NoiseScheduleKind ScaledLinear(int timesteps, double betaStart, double betaEnd) =>
        new(ScaledLinearName, timesteps, betaStart, betaEnd);

    public static NoiseScheduleKind Sigmoid(int timesteps, double betaStart, double betaEnd) =>
        new(SigmoidName, timesteps, betaStart, betaEnd);

    public static NoiseScheduleKind Cosine(int timesteps, double maximumBeta) => new(CosineName, timesteps, MaximumBeta: maximumBeta);

    public static NoiseScheduleKind SigmoidCumulative(int timesteps, double maximumBeta) =>
        new(SigmoidCumulativeName, timesteps, MaximumBeta: maximumBeta);

    public static NoiseScheduleKind FromBetas(double[] betas) =>
        new(TrainedBetasName, betas.Length) { TrainedBetas = EquatableList.Of(betas) };

    public NoiseSchedule Create()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Timesteps, 1, TrainedBetas is null ? "timesteps" : "betas");
        Check.Require(
            Timesteps <= Limits.Timesteps,
            TrainedBetas is null ? "timesteps" : "betas",
            Timesteps,
            $"must be at most {Limits.Timesteps}, because a step of training takes one timestep of an image and would hardly come to all of more");
        var betas = Betas();
        return new NoiseSchedule(this, ZeroTerminalSnr ? RescaleToZeroTerminalSnr(betas) : betas);
    }

    public override string ToString()
    {
        var arguments = Name switch
        {
            LinearName or ScaledLinearName or SigmoidName => string.Create(CultureInfo.InvariantCulture, $" {BetaStart}..{BetaEnd}"),
            _ => "",
        };
        var name = Name switch { CosineName => "cosine", TrainedBetasName => "own betas", _ => Name.Replace('_', '-') };
        return name + arguments + (ZeroTerminalSnr ? ", zero terminal SNR" : "");
    }

    private double[] Betas() => Name switch
    {
        LinearName => BetweenEnds((start, end) => LinearSpace(start, end, Timesteps)),
        ScaledLinearName =>
            BetweenEnds((start, end) => Array.ConvertAll(LinearSpace(Math.Sqrt(start), Math.Sqrt(end), Timesteps), root => root * root)),
        SigmoidName =>
            BetweenEnds((start, end) => Array.ConvertAll(LinearSpace(-6, 6, Timesteps), u => start + ((end - start) * Logistic(u)))),
        CosineName => FromAlphaBar(u => Math.Pow(Math.Cos((u + 0.008) / 1.008 * Math.PI / 2), 2)),
        SigmoidCumulativeName => FromAlphaBar(u => (Logistic(3) - Logistic((6 * u) - 3)) / (Logistic(3) - Logistic(-3))),
        TrainedBetasName => Checked([.. TrainedBetas!]),
        _ => throw new ArgumentException($"The noise schedule '{Name}' is not known."),
    };

    private double[] BetweenEnds(Func<double, double, double[]> formula)
    {
        CheckOpenUnit(BetaStart, "betaStart");
        CheckOpenUnit(BetaEnd, "betaEnd");
        return formula(BetaStart, BetaEnd);
    }

    /// <summary>beta_t = min(1 - f((t + 1) / T) / f(t / T), maximum), for alpha-bar(u) = f(u) / f(0).</summary>
    private double[] FromAlphaBar(Func<double, double> f)
    {
        CheckOpenUnit(MaximumBeta, "maximumBeta");
        var betas = new double[Timesteps];
        for (var t = 0; t < Timesteps; t++)
        {
            betas[t] = Math.Min(1 - (f((t + 1.0) / Timesteps) / f((double)t / Timesteps)), MaximumBeta);
        }

        return betas;
    }

    /// <summary>Shifts sqrt(alpha-bar) to end at 0 and scales it to keep its first value (Lin et al. 2023, algorithm 1).</summary>
    private static double[] RescaleToZeroTerminalSnr(double[] betas)
    {
        if (betas.Length == 1)
        {
            throw new InvalidOperationException(
                "A schedule of one timestep cannot have zero terminal SNR, because its only step would hold no signal.");
        }

        var roots = new double[betas.Length];
        var product = 1.0;
        for (var t = 0; t < betas.Length; t++)
        {
            product *= 1 - betas[t];
            roots[t] = Math.Sqrt(product);
        }

        var (first, last) = (roots[0], roots[^1]);
        var scale = first / (first - last);
        var rescaled = new double[betas.Length];
        var previous = 1.0;
        for (var t = 0; t < betas.Length; t++)
        {
            var alphaBar = Math.Pow((roots[t] - last) * scale, 2);
            rescaled[t] = 1 - (alphaBar / previous);
            previous = alphaBar;
        }

        return rescaled;
    }

    private static double[] Checked(double[] betas)
    {
        for (var t = 0; t < betas.Length; t++)
        {
            if (!(betas[t] > 0 && (betas[t] < 1 || (betas[t] == 1 && t == betas.Length - 1))))
            {
                throw new ArgumentOutOfRangeException(
                    nameof(betas),
                    betas[t],
                    $"betas[{t}] must be in (0, 1), because it is the share of variance that step {t} replaces by noise; only the last may be 1.");
            }
        }

        return betas;
    }

    private static double[] LinearSpace(double start, double end, int count)
    {
        var values = new double[count];
        for (var i = 0; i < count; i++)
        {
            values[i] = count == 1 ? start : start + ((end - start) * i / (count - 1));
        }

        return values;
    }

    private static double Logistic(double u) => 1 / (1 + Math.Exp(-u));

    private static void CheckOpenUnit(double value, string name)
    {
        if (!(value > 0 && value < 1))
        {
            throw new ArgumentOutOfRangeException(
                name,
                value,
                $"{name} must be in (0, 1), because it is the share of variance that a step replaces by noise.");
        }
    }
}
