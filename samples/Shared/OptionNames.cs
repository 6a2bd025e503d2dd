namespace Microsoft.ML.Diffusion.Samples;

/// <summary>What the programs' options call samplers, schedules and predictions.</summary>
public static class OptionNames
{
    private const int DdimSteps = 50;
    private const int SolverSteps = 20;
    private const int DdpmSteps = 250;

    /// <summary>Gets the names of samplers; the first is the default.</summary>
    public static IReadOnlyList<string> Samplers { get; } = ["ddim", "ddpm", "dpm-solver", "sde-dpm-solver", "unipc", "heun", "euler"];

    /// <summary>Gets the names of noise schedules.</summary>
    public static IReadOnlyList<string> Schedules { get; } = ["linear", "scaled-linear", "cosine", "sigmoid"];

    /// <summary>Gets the names of what a network can predict.</summary>
    public static IReadOnlyList<string> Predictions { get; } = ["epsilon", "sample", "v"];

    /// <summary>Gets the text that tells each sampler's number of steps when none is given.</summary>
    /// <remarks>A model that was trained with fewer timesteps takes all of them; euler and heun go between them.</remarks>
    public static string DefaultSteps { get; } =
        $"{DdimSteps} for ddim and euler, {DdpmSteps} for ddpm, {SolverSteps} for the others";

    /// <summary>Makes a sampler.</summary>
    /// <param name="name">One of <see cref="Samplers"/>.</param>
    /// <param name="steps">The number of steps; <see langword="null"/> is what <see cref="DefaultSteps"/> says.</param>
    /// <param name="eta">The share of ddpm's noise that ddim draws: 0 is none; 0 for the other samplers.</param>
    /// <param name="timesteps">The number of timesteps that the model was trained with: where no steps are given, no more are taken.</param>
    /// <exception cref="ArgumentException">The name is unknown, or <paramref name="eta"/> is of no use to the sampler.</exception>
    public static Sampler ToSampler(string name, int? steps = null, double eta = 0, int timesteps = int.MaxValue) => name switch
    {
        "ddim" => new DdimSampler(steps ?? Math.Min(DdimSteps, timesteps), eta),
        _ when eta != 0 => throw new ArgumentException($"--eta must be 0 with --sampler {name}, because it scales the noise of ddim only."),
        "dpm-solver" => new DpmSolverSampler(steps ?? Math.Min(SolverSteps, timesteps)),
        "sde-dpm-solver" => new DpmSolverSampler(steps ?? Math.Min(SolverSteps, timesteps), stochastic: true),
        "unipc" => new UniPcSampler(steps ?? Math.Min(SolverSteps, timesteps)),
        "heun" => new HeunSampler(steps ?? SolverSteps),
        "euler" => new EulerSampler(steps ?? DdimSteps),
        "ddpm" => new DdpmSampler(steps ?? Math.Min(DdpmSteps, timesteps)),
        _ => throw Unknown("--sampler", name, Samplers),
    };

    /// <summary>Makes a noise schedule of 1,000 timesteps.</summary>
    /// <param name="name">One of <see cref="Schedules"/>.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static NoiseSchedule ToSchedule(string name) => name switch
    {
        "linear" => NoiseSchedule.Linear(),
        "scaled-linear" => NoiseSchedule.ScaledLinear(),
        "cosine" => NoiseSchedule.Cosine(),
        "sigmoid" => NoiseSchedule.Sigmoid(),
        _ => throw Unknown("--schedule", name, Schedules),
    };

    /// <summary>Finds what a network is to predict.</summary>
    /// <param name="name">One of <see cref="Predictions"/>.</param>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static PredictionType ToPrediction(string name) => name switch
    {
        "epsilon" => PredictionType.Epsilon,
        "sample" => PredictionType.Sample,
        "v" => PredictionType.VPrediction,
        _ => throw Unknown("--prediction", name, Predictions),
    };

    private static ArgumentException Unknown(string option, string name, IReadOnlyList<string> names) =>
        new($"{option} must be {string.Join(", ", names.SkipLast(1))} or {names[^1]}, but is '{name}'.");
}
