using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;
using Microsoft.ML.Diffusion.Schedules;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Writes a sampler's run as a Loop over network calls, with one network in its body.</summary>
internal sealed class OnnxGenerator
{
    private readonly ModelDescription _model;
    private readonly GenerationOptions _options;
    private readonly LinearRun _run;
    private readonly OnnxGraph _graph = new("generator");
    private readonly OnnxGraph _step = new("step");
    private readonly OnnxRegisters _registers;
    private readonly OnnxDimension[] _images;

    private OnnxGenerator(ModelDescription model, GenerationOptions options)
    {
        (_model, _options) = (model, options);
        _run = new LinearRun(options.Sampler, model.Schedule);
        _images = [OnnxDimension.Batch, model.Shape.Channels, model.Shape.Height, model.Shape.Width];
        _registers = new OnnxRegisters(_step, _run);
    }

    /// <summary>The graph.</summary>
    /// <param name="model">What the model is.</param>
    /// <param name="plan">Its network.</param>
    /// <param name="weights">The weights, which are asked for when the file is written.</param>
    /// <param name="options">How it generates.</param>
    public static OnnxGraph Write(ModelDescription model, UNetPlan plan, Func<NetworkWeights> weights, GenerationOptions options)
    {
        var generator = new OnnxGenerator(model, options);
        var network = new OnnxNetwork(generator._step, plan, weights);
        return generator.Write(network);
    }

    private OnnxGraph Write(OnnxNetwork network)
    {
        var noise = _graph.Input("noise", OnnxType.Float, _images);
        var classes = _model.NumberOfClasses > 0 ? Classes() : ((string, string, string)?)null;
        if (_run.NumberOfDraws > 0)
        {
            _graph.Input("step_noise", OnnxType.Float, [_run.NumberOfDraws, .. _images]);
        }

        var call = _step.Input(_step.NameOf("call"), OnnxType.Int64);
        var goesOn = _step.Input(_step.NameOf("goes_on"), OnnxType.Bool);
        _registers.Begin(_images);
        AddStep(network, call, classes);
        _step.Output(goesOn, _step.NameOf("goes_on_still"), OnnxType.Bool);
        _registers.End(_images);
        string[] starts = [_graph.Integer(_run.Calls.Count), "", .. Enumerable.Repeat(noise, _registers.Count)];
        var ends = _graph.Ops("Loop", starts, _registers.Count, OnnxAttribute.Of("body", _step));

        // What is rounded to 256 levels is cut off there anyway.
        _graph.Output(_graph.Op("Clip", [ends[0], _graph.Number(-1), _graph.Number(1)]), "images", OnnxType.Float, _images);
        return _graph;
    }

    // At a scale of 0 the classes are ignored; at 1 they are followed without a push.
    private (string Labels, string Scale, string IsPushed) Classes()
    {
        var labels = _graph.Input("class_labels", OnnxType.Int64, OnnxDimension.Batch);
        var scale = _graph.Reshaped(_graph.Input("guidance_scale", OnnxType.Float)); // one number, of whatever shape ML.NET gives it
        var ignores = _graph.Op("Equal", [scale, _graph.Number(0)]);
        var follows = _graph.Op("Equal", [scale, _graph.Number(1)]);
        return (
            _graph.Op("Where", [ignores, _graph.Integer(-1), labels]),
            scale,
            _graph.Op("Not", [_graph.Op("Or", [ignores, follows])]));
    }

    private void AddStep(OnnxNetwork network, string call, (string Labels, string Scale, string IsPushed)? classes)
    {
        string At(string list) => _step.Op("Gather", [list, call]);
        string Of(string name, Func<(double Timestep, double AlphaBar), double> value) => At(_step.Numbers(name, _run.Calls.Select(value)));
        var timestep = _step.Expanded(Of("timesteps", step => step.Timestep), 0);
        var (signal, noise) = (Of("signals", step => Math.Sqrt(step.AlphaBar)), Of("noises", step => Math.Sqrt(1 - step.AlphaBar)));

        var x = _registers.Of(RunValue.Input, 0);
        var output = classes is { } given
            ? Guided(network, x, timestep, given.Labels, Guidance(given.Scale, given.IsPushed, At))
            : network.Add(x, timestep, null);
        var interpolation = "";
        if (_model.Variance == ModelVariance.LearnedRange)
        {
            var halves = _step.Ops("Split", [output], 2, OnnxAttribute.Of("axis", 1));
            (output, interpolation) = (halves[0], halves[1]);
        }

        var denoiser = new OnnxDenoiser(_step, _model.Prediction, _options.Sampler.Clipping, _model.Shape.PixelCount);
        var (original, predicted) = denoiser.Add(x, output, signal, noise);
        _registers.Make(original, predicted);
        _registers.Next(At, interpolation);
    }

    private OnnxGuidance Guidance(string scale, string isPushed, Func<string, string> at)
    {
        var levels = new Lazy<LevelTable>(() => new LevelTable(_model.Schedule));
        var interval = _options.Guidance with { Scale = 2 }; // any push
        bool[] pushes = [.. _run.Calls.Select(step => interval.At(step.Timestep, levels) == interval)];
        isPushed = pushes.All(pushed => pushed) ? isPushed : _step.Op("And", [isPushed, at(_step.Choices("pushes", pushes))]);
        return new OnnxGuidance(_step, _model.Shape, _model.OutputChannels, isPushed, scale, _options.GuidanceRescale);
    }

    private static string Guided(OnnxNetwork network, string x, string timestep, string labels, OnnxGuidance guidance)
    {
        var (images, classes) = guidance.Before(x, labels);
        return guidance.After(network.Add(images, timestep, classes));
    }
}
