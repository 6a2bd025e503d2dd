using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Runtime;

namespace Diffusion.Tool.Commands;

/// <summary>A command of the tool: its result, and nothing else, goes to the standard output.</summary>
internal abstract class ToolCommand : Command
{
    protected ToolCommand(string name, string description, CancellationToken cancellationToken)
        : base(name, description)
    {
        SetAction(parsed =>
        {
            using var session =
                new Session(parsed.GetValue(CommonOptions.Quiet), parsed.GetValue(CommonOptions.Verbose), cancellationToken);
            var result = Execute(parsed, session);
            Console.WriteLine(parsed.GetValue(CommonOptions.Json) ? Json.Text(result.Document) : TerminalText.Safe(result.Text));
            return result.Then is { } then ? then() : result.ExitCode;
        });
    }

    /// <summary>Does the work.</summary>
    protected abstract Result Execute(ParseResult parsed, Session session);

    protected Option<T> Added<T>(Option<T> option)
    {
        Add(option);
        return option;
    }

    protected Argument<T> Added<T>(Argument<T> argument)
    {
        Add(argument);
        return argument;
    }
}
