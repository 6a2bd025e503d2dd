
namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>What a sampler combines.</summary>
internal enum RunValue
{
    /// <summary>What a network call was made on.</summary>
    Input,

    /// <summary>x_0 by a call, clipped.</summary>
    Original,

    /// <summary>epsilon by a call.</summary>
    Noise,

    /// <summary>Fresh noise.</summary>
    Draw,
}

/// <summary>One addend of what network calls are made on.</summary>
/// <param name="Value">What is multiplied.</param>
/// <param name="Age">How many calls ago it was; 0 is that which has just been made.</param>
/// <param name="Factors">By what, for each call.</param>
internal sealed record RunTerm(RunValue Value, int Age, double[] Factors);

/// <summary>
/// A sampler's run as numbers. All that samplers do is combine images linearly, so each network call is made on a combination of what the calls before it
/// were made on and gave, and the images are such a combination too. Its factors are found by running the sampler on unit vectors instead of images.
/// </summary>
internal sealed class LinearRun
{
    private const int Window = 64; // the calls back that a sampler may look
    private const double Tolerance = 1e-9; // of the largest addend

    private readonly SamplerProbe _low;
    private readonly SamplerProbe _high;
    private readonly Dictionary<(RunValue Value, int Age), double[]> _terms = [];

    /// <param name="sampler">The sampler.</param>
    /// <param name="schedule">The model's.</param>
    /// <exception cref="NotSupportedException">What the sampler does is not linear.</exception>
    public LinearRun(Sampler sampler, NoiseSchedule schedule)
    {
        _low = SamplerProbe.Run(sampler, schedule, Unit, interpolation: -1);
        _high = SamplerProbe.Run(sampler, schedule, Unit, interpolation: 1);
        (NoiseFactors, LargestNoiseFactors, Draws) = (new double[Calls.Count], new double[Calls.Count], new int[Calls.Count]);
        for (var call = 0; call < Calls.Count; call++)
        {
            Read(call);
        }

        if (!Holds(sampler, schedule))
        {
            throw new NotSupportedException(
                $"Sampler = {sampler} cannot be saved as ONNX, because its steps are more than sums of images times numbers. Save the network alone, or choose another sampler.");
        }
    }

    /// <summary>The network calls: the time that the network is told, and alpha-bar of x.</summary>
    public IReadOnlyList<(double Timestep, double AlphaBar)> Calls => _low.Calls;

    /// <summary>What is added up after a call, apart from fresh noise, for the next call or the images.</summary>
    public IEnumerable<RunTerm> Terms =>
        _terms.OrderBy(term => term.Key).Select(term => new RunTerm(term.Key.Value, term.Key.Age, term.Value));

    /// <summary>What fresh noise is multiplied by after each call, 0 for none; with a learned variance, the least of it.</summary>
    public double[] NoiseFactors { get; }

    /// <summary>The most of it where it is learned; otherwise equal to <see cref="NoiseFactors"/>.</summary>
    public double[] LargestNoiseFactors { get; }

    /// <summary>Which of the noises that a run draws is added after each call.</summary>
    public int[] Draws { get; }

    /// <summary>How often a run draws noise.</summary>
    public int NumberOfDraws => _low.Results[^1].Draws;

    /// <summary>Whether how much noise is added depends on what the network says.</summary>
    public bool LearnsVariance => !NoiseFactors.SequenceEqual(LargestNoiseFactors);

    // Far back, a number of the window stands for several values: which it is comes out in the test with random values.
    private static double[] Unit(RunValue value, int number)
    {
        var unit = new double[4 * Window];
        unit[((int)value * Window) + (number % Window)] = 1;
        return unit;
    }

    private void Read(int call)
    {
        var ((low, draws), (high, _)) = (_low.Results[call], _high.Results[call]);
        for (var place = 0; place < low.Length; place++)
        {
            if (low[place] == 0 && high[place] == 0)
            {
                continue;
            }

            var value = (RunValue)(place / Window);
            if (value == RunValue.Draw)
            {
                Draws[call] = draws - 1;
                (NoiseFactors[call], LargestNoiseFactors[call]) = (low[place], high[place]);
                continue;
            }

            var age = (call - (place % Window) + Window) % Window;
            if (!_terms.TryGetValue((value, age), out var factors))
            {
                _terms.Add((value, age), factors = new double[Calls.Count]);
            }

            factors[call] = low[place];
        }
    }

    // The sampler's own results on random numbers are those of the factors.
    private bool Holds(Sampler sampler, NoiseSchedule schedule)
    {
        const double Interpolation = 0.3;
        var (random, values) = (new Random(1), new Dictionary<(RunValue, int), double>());
        double Of(RunValue value, int number)
        {
            if (!values.TryGetValue((value, number), out var known))
            {
                values.Add((value, number), known = (2 * random.NextDouble()) - 1);
            }

            return known;
        }

        var probe = SamplerProbe.Run(sampler, schedule, (value, number) => [Of(value, number)], Interpolation);
        for (var call = 0; call < Calls.Count; call++)
        {
            var addends = _terms.Where(term => term.Value[call] != 0)
                .Select(term => term.Value[call] * Of(term.Key.Value, call - term.Key.Age))
                .Append(NoiseFactor(call, Interpolation) * Of(RunValue.Draw, Draws[call]))
                .ToList();
            var bound = Tolerance * addends.Max(Math.Abs);
            if (!(Math.Abs(probe.Results[call].Value[0] - addends.Sum()) <= bound))
            {
                return false;
            }
        }

        return true;
    }

    // Learned variances lie between their bounds on a line of logarithms (Nichol and Dhariwal 2021, eq. 15).
    private double NoiseFactor(int call, double interpolation)
    {
        var (low, high, share) = (NoiseFactors[call], LargestNoiseFactors[call], (interpolation + 1) / 2);
        return low == high ? low : Math.Pow(high, share) * Math.Pow(low, 1 - share);
    }
}
