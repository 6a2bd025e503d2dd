using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>What a sampler makes of known values in place of images: x at each step, and what the network and the noise source give.</summary>
internal sealed class SamplerProbe : Denoiser
{
    private readonly Func<RunValue, int, double[]> _valueOf;
    private readonly double _interpolation;
    private bool _begins;

    private SamplerProbe(NoiseSchedule schedule, Func<RunValue, int, double[]> valueOf, double interpolation)
        : base((_, _) => throw new NotSupportedException("A probe has no network."), PredictionType.Sample, Clipping.None)
    {
        (_valueOf, _interpolation) = (valueOf, interpolation);
        Levels = new Lazy<LevelTable>(() => new LevelTable(schedule));
    }

    /// <summary>The network calls: the time that the network is told, and alpha-bar of x.</summary>
    public List<(double Timestep, double AlphaBar)> Calls { get; } = [];

    /// <summary>What was made of the values by the next call, or by the end of the run, and how often noise was drawn until then.</summary>
    public List<(double[] Value, int Draws)> Results { get; } = [];

    private int Draws { get; set; }

    /// <summary>Walks all steps of a sampler, each from a new x.</summary>
    /// <param name="sampler">The sampler.</param>
    /// <param name="schedule">The noise levels.</param>
    /// <param name="valueOf">The value of a kind and a number.</param>
    /// <param name="interpolation">Where learned variances lie between their bounds.</param>
    public static SamplerProbe Run(Sampler sampler, NoiseSchedule schedule, Func<RunValue, int, double[]> valueOf, double interpolation)
    {
        var (probe, steps) = (new SamplerProbe(schedule, valueOf, interpolation), SamplingStep.Reverse(sampler.Timesteps, schedule));
        var context = new SamplingContext(sampler, probe, steps, new Source(probe));
        for (var i = 0; i < steps.Count; i++)
        {
            var x = probe.Of(RunValue.Input, probe.Calls.Count);
            probe._begins = true;
            probe.Results.Add((context.Take(i, x).X.Values, probe.Draws));
        }

        return probe;
    }

    /// <inheritdoc/>
    public override Denoised Denoise(Batch x, double timestep, double alphaBar)
    {
        if (!_begins)
        {
            Results.Add((x.Values, Draws)); // a further call within a step
        }

        _begins = false;
        var call = Calls.Count;
        Calls.Add((timestep, alphaBar));
        return new Denoised(Of(RunValue.Original, call), () => Of(RunValue.Noise, call))
        {
            VarianceInterpolation = Batch.Create(1, x.Length, (_, values) => values.Fill(_interpolation)),
        };
    }

    private Batch Of(RunValue kind, int number) => new(_valueOf(kind, number), 1);

    private sealed class Source(SamplerProbe probe) : NoiseSource
    {
        public override Batch Next(int count, int length) => probe.Of(RunValue.Draw, probe.Draws++);
    }
}
