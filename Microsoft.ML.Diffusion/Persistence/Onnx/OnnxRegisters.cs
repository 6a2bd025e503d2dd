namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>What goes from one turn of a run's Loop to the next: what the network is called on, and of earlier calls what is still needed.</summary>
/// <param name="graph">The body of the Loop.</param>
/// <param name="run">The run.</param>
internal sealed class OnnxRegisters(OnnxGraph graph, LinearRun run)
{
    private const double Least = 1e-30; // whose logarithm is a number, and which as a factor changes no sum

    private readonly Dictionary<(RunValue Value, int Age), string> _values = [];
    private readonly (RunValue Value, int Age)[] _kept =
    [
        (RunValue.Input, 0),
        .. from value in Enum.GetValues<RunValue>()
           let oldest = run.Terms.Where(term => term.Value == value).Select(term => term.Age).DefaultIfEmpty().Max()
           from age in Enumerable.Range(1, oldest)
           select (value, age),
    ];

    private string _next = "";

    /// <summary>How many there are; the first is what the network is called on, and in the end the images.</summary>
    public int Count => _kept.Length;

    /// <summary>A value that is at hand.</summary>
    public string Of(RunValue value, int age) => _values[(value, age)];

    /// <summary>Names what the turn begins with.</summary>
    public void Begin(OnnxDimension[] shape)
    {
        foreach (var (value, age) in _kept)
        {
            _values[(value, age)] = graph.Input(NameOf(value, age), OnnxType.Float, shape);
        }
    }

    /// <summary>Takes what the network's call gave.</summary>
    public void Make(string original, Func<string> noise)
    {
        _values[(RunValue.Original, 0)] = original;
        if (run.Terms.Any(term => term.Value == RunValue.Noise))
        {
            _values[(RunValue.Noise, 0)] = noise();
        }
    }

    /// <summary>Writes what the next call is made on.</summary>
    /// <param name="at">Gives of a list the number of this call.</param>
    /// <param name="interpolation">Where learned variances lie between their bounds.</param>
    public void Next(Func<string, string> at, string interpolation)
    {
        foreach (var term in run.Terms)
        {
            var factor = at(graph.Numbers($"factors of {NameOf(term.Value, term.Age)}", term.Factors));
            Add(graph.Product(factor, Of(term.Value, term.Age)));
        }

        if (run.NumberOfDraws > 0)
        {
            var draw = graph.Op("Gather", ["step_noise", at(graph.Integers([.. run.Draws.Select(draw => (long)draw)]))]);
            var factor = run.LearnsVariance ? Learned(at, interpolation) : at(graph.Numbers("factors of Draw", run.NoiseFactors));
            Add(graph.Product(factor, draw));
        }
    }

    /// <summary>Gives the next turn its beginning.</summary>
    public void End(OnnxDimension[] shape)
    {
        foreach (var (value, age) in _kept)
        {
            var given = age > 0 ? Of(value, age - 1) : _next;
            graph.Output(given, $"{NameOf(value, age)}_next", OnnxType.Float, shape);
        }
    }

    // exp of log deviations on the line between their bounds (Nichol and Dhariwal 2021, eq. 15).
    private string Learned(Func<string, string> at, string interpolation)
    {
        string Logarithms(string list, double[] factors) =>
            at(graph.Numbers(list, factors.Select(factor => Math.Log(Math.Max(factor, Least)))));
        var (low, high) = (Logarithms("log deviations", run.NoiseFactors), Logarithms("largest log deviations", run.LargestNoiseFactors));
        var share = graph.Product(graph.Sum(interpolation, graph.Number(1)), graph.Number(0.5));
        return graph.Op("Exp", [graph.Sum(low, graph.Product(share, graph.Difference(high, low)))]);
    }

    private string NameOf(RunValue value, int age) => graph.NameOf(FormattableString.Invariant($"{value}_{age}"));

    private void Add(string addend) => _next = _next.Length == 0 ? addend : graph.Sum(_next, addend);
}
