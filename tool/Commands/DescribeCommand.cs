using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion describe: what a model is, loaded as it would be to draw with it.</summary>
internal sealed class DescribeCommand : ToolCommand
{
    private readonly Argument<string> _model;
    private readonly Option<string?> _device;

    public DescribeCommand(CancellationToken cancellationToken)
        : base("describe", "Load a model and say what it is and how it was trained", cancellationToken)
    {
        _model = Added(CommonOptions.Model());
        _device = Added(CommonOptions.Device());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        using var model = ModelSource.Load(session.CreateContext(), parsed.GetRequiredValue(_model), parsed.GetValue(_device));
        string?[] lines =
        [
            model.Describe().ToString(),
            model.Training?.Options is { } options ? $"Options     {options}" : null,
            model.Training?.Versions is { } versions ? $"Trained by  {versions}" : null,
        ];
        return new Result(lines, ModelDocument.Of(model));
    }
}
