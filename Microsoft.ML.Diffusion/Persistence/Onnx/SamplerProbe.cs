using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samplers;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>What a sampler makes of known values in place of images: x at each step, and what the network and the noise source give.</summary>
/// <param name="valueOf">The value of a kind and a number.</param>
/// <param name="interpolation">Where learned variances lie between their bounds.</param>
internal sealed class SamplerProbe(Func<RunValue, int, double[]> valueOf, double interpolation)
    : Denoiser((_, _) => throw new NotSupportedException("A probe has no network."), PredictionType.Sample, Clipping.None)
{
    private bool _begins;

    /// <summary>The network calls: the time that the network is told, and alpha-bar of x.</summary>
    public List<(double Timestep, double AlphaBar)> Calls { get; } = [];

    /// <summary>What was made of the values by the next call, or by the end of the run, and how often noise was drawn until then.</summary>
    public List<(double[] Value, int Draws)> Results { get; } = [];

    private int Draws { get; set; }

    /// <summary>Walks the steps, each from a new x.</summary>
    public SamplerProbe Run(Sampler sampler, IReadOnlyList<SamplingStep> steps)
    {
        var context = new SamplingContext(this, steps, new Source(this));
        for (var i = 0; i < steps.Count; i++)
        {
            var x = Of(RunValue.Input, Calls.Count);
            _begins = true;
            context.Enter(i, x);
            Results.Add((sampler.Step(x, context).Values, Draws));
        }

        return this;
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
            VarianceInterpolation = Batch.Create(1, x.Length, (_, values) => values.Fill(interpolation)),
        };
    }

    private Batch Of(RunValue kind, int number) => new(valueOf(kind, number), 1);

    private sealed class Source(SamplerProbe probe) : NoiseSource
    {
        public override Batch Next(int count, int length) => probe.Of(RunValue.Draw, probe.Draws++);
    }
}
