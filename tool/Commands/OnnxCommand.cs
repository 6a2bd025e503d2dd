using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion onnx: a model as a file of ONNX.</summary>
internal sealed class OnnxCommand : ToolCommand
{
    private static readonly Dictionary<string, OnnxContent> _contents =
        new() { ["generator"] = OnnxContent.Generator, ["network"] = OnnxContent.Network };

    private readonly Argument<string> _model;
    private readonly Argument<string> _output;
    private readonly Option<string?> _content;
    private readonly SamplerOptions _sampler = new();
    private readonly Option<double?> _guidance;
    private readonly Option<bool> _force;

    public OnnxCommand(CancellationToken cancellationToken)
        : base("onnx", "Write a model as an ONNX file, for ONNX Runtime, browsers and ML.NET's ApplyOnnxModel", cancellationToken)
    {
        _model = Added(CommonOptions.Model());
        _output = Added(new Argument<string>("OUTPUT") { Description = "The file to write (onnx)" });
        _content = Added(
            Values.Choice(
                "--content",
                "CONTENT",
                "What the file holds: generator, which makes pictures of noise, or network, whose steps the caller walks [default: generator]",
                [.. _contents.Keys]));
        _sampler.AddTo(this);
        _guidance = Added(
            Values.Real("--guidance", "SCALE", "The scale of guidance that the file tells its callers [default: the model's own]"));
        _force = Added(CommonOptions.Force());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        _sampler.Check(parsed);
        var (source, content) = (parsed.GetRequiredValue(_model), _contents[parsed.GetValue(_content) ?? "generator"]);
        ModelSource.CheckExists(source);
        var output = OutputFile.Prepare(_output.Name, parsed.GetRequiredValue(_output), parsed.GetValue(_force), [".onnx"]);
        var context = session.CreateContext();
        using var model = ModelSource.Load(context, source, "cpu");
        var options = model.Generation with
        {
            Sampler = _sampler.Read(parsed, model),
            GuidanceScale = parsed.GetValue(_guidance) ?? model.Generation.GuidanceScale,
        };
        context.Diffusion.SaveOnnx(model, output, content, options);
        var bytes = new FileInfo(output).Length;
        string?[] lines =
        [
            FormattableString.Invariant($"Wrote {output}: {(content == OnnxContent.Network ? "the network" : "network and sampler")}, {bytes:N0} bytes"),
            content == OnnxContent.Generator ? $"Draws by {options.Sampler}" : null,
        ];
        return new Result(lines, new { Output = output, Content = content, Bytes = bytes, Sampler = options.Sampler.ToString() });
    }
}
