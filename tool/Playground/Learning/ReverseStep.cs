using Microsoft.ML.Data;

namespace Diffusion.Tool.Playground.Learning;

/// <summary>One reverse step, taken apart: what the network is given, what it answers, and the terms whose sum is the next image (Song et al. 2021, eq. 12).</summary>
internal sealed class ReverseStep
{
    private const double NoiseRange = 3; // of a normal distribution nearly all

    private readonly DiffusionTransformer _model;
    private readonly LearnRequest _request;
    private readonly double[] _original;
    private readonly double[] _noisy;
    private readonly double[] _predicted;
    private readonly double[] _next;

    private ReverseStep(DiffusionTransformer model, MLImage image, LearnRequest request)
    {
        (_model, _request, _original) = (model, request, Tensors.Of(image, model.Channels));
        var latents = model.AddNoise([image], request.Timestep, request.Seed);
        _noisy = ToDouble(latents.Values.Span);
        Answered = Take(latents, Clipping.None).Predicted;
        (_predicted, _next) = Take(latents, Clipping.Static());
    }

    /// <summary>alpha-bar before and after the step.</summary>
    public (double From, double To) AlphaBar => (Level(_request.Timestep), Previous < 0 ? 1 : Level(Previous));

    /// <summary>The deviation of the noise that the step adds (eq. 16).</summary>
    public double Sigma => _request.Eta * Math.Sqrt((1 - AlphaBar.To) / (1 - AlphaBar.From) * (1 - (AlphaBar.From / AlphaBar.To)));

    /// <summary>The factor of the direction that points to x_t.</summary>
    public double DirectionScale => Math.Sqrt(Math.Max(0, 1 - AlphaBar.To - (Sigma * Sigma)));

    /// <summary>x_0 as the network predicts it, before it is clipped to what an image can be.</summary>
    public double[] Answered { get; }

    /// <summary>The three terms of the sum.</summary>
    public (double[] Original, double[] Direction, double[] Noise) Terms
    {
        get
        {
            var original = Tensors.Sum((Math.Sqrt(AlphaBar.To), _predicted));
            var direction = Tensors.Sum((DirectionScale, NoiseOf(_predicted)));
            return (original, direction, Tensors.Sum((1, _next), (-1, original), (-1, direction)));
        }
    }

    private int Previous => _request.Timestep - _request.Stride;

    /// <summary>Takes the step.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">An image of its size.</param>
    /// <param name="request">Where to, and how.</param>
    public static ReverseStep Of(DiffusionTransformer model, MLImage image, LearnRequest request) => new(model, image, request);

    /// <summary>What a page shows.</summary>
    public object ToDocument()
    {
        var (alphaBar, terms, noise) = (AlphaBar, Terms, NoiseOf(_original));
        var answeredNoise = NoiseOf(Answered);
        return new
        {
            Previous,
            AlphaBar = alphaBar.From,
            AlphaBarPrevious = alphaBar.To,
            Sigma,
            DirectionScale,
            NoiseError = Tensors.Size(Tensors.Sum((1, noise), (-1, answeredNoise))),
            ImageError = Tensors.Size(Tensors.Sum((1, _original), (-1, _predicted))),
            Noisy = Png(_noisy),
            Noise = Png(noise, NoiseRange),
            Answer = Png(Answer(answeredNoise), _model.Prediction == PredictionType.Sample ? 1 : NoiseRange),
            AnsweredNoise = Png(answeredNoise, NoiseRange),
            Predicted = Png(_predicted),
            OriginalTerm = Png(terms.Original),
            DirectionTerm = Png(terms.Direction),
            NoiseTerm = Png(terms.Noise),
            Next = Png(_next),
        };
    }

    private static double[] ToDouble(ReadOnlySpan<float> values) => Array.ConvertAll(values.ToArray(), value => (double)value);

    private double Level(int timestep) => _model.Schedule.AlphasCumulativeProduct[timestep];

    // What is noise in x_t if the rest is this image: x_t = sqrt(alpha-bar) x_0 + sqrt(1 - alpha-bar) epsilon (Ho et al. 2020, eq. 4).
    private double[] NoiseOf(double[] original)
    {
        var deviation = Math.Sqrt(1 - AlphaBar.From);
        return Tensors.Sum((1 / deviation, _noisy), (-Math.Sqrt(AlphaBar.From) / deviation, original));
    }

    // In the terms in which the network was taught to answer.
    private double[] Answer(double[] noise) => _model.Prediction switch
    {
        PredictionType.Epsilon => noise,
        PredictionType.Sample => Answered,
        _ => Tensors.Sum((Math.Sqrt(AlphaBar.From), noise), (-Math.Sqrt(1 - AlphaBar.From), Answered)),
    };

    private byte[] Png(double[] values, double range = 1) => Tensors.ToPng(values, _model, range);

    // The library's own step: the run goes on to the end, and is looked at after its first.
    private (double[] Predicted, double[] Next) Take(DiffusionLatents latents, Clipping clipping)
    {
        (double[], double[]) taken = ([], []);
        var to = TimestepSubset.Of(Previous < 0 ? _request.Timestep : Previous);
        _model.Decode(
            latents,
            new GenerationOptions
            {
                Sampler = new DdimSampler(1, _request.Eta) { Timesteps = to, Clipping = clipping },
                Seed = _request.Seed,
                Observer = snapshot => taken = snapshot.Step > 0
                    ? taken
                    : (ToDouble(snapshot.GetPredictedOriginalSample()), ToDouble(snapshot.GetSample())),
            },
            _request.Class is { } label ? [label] : null)[0].Dispose();
        return taken;
    }
}
