using System.CommandLine;
using System.CommandLine.Invocation;
using Diffusion.Tool.Commands;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Runtime;

namespace Diffusion.Tool;

/// <summary>The command line "diffusion": finds the command, runs it, and tells how it went in the exit code.</summary>
/// <param name="args">What was typed after "diffusion".</param>
/// <param name="cancellationToken">Cancelled by Ctrl+C.</param>
internal sealed class DiffusionTool(string[] args, CancellationToken cancellationToken)
{
    /// <summary>Does what the arguments ask for.</summary>
    /// <returns>0 done, 1 failed, 2 wrong usage, 130 interrupted.</returns>
    public int Run()
    {
        try
        {
            var parsed =
                CreateCommand().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null }); // a path may begin with @
            return parsed.Action is ParseErrorAction
                ? throw ParseErrors.ToException(parsed)
                : parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception exception)
        {
            return Tell(Failure.Of(exception), exception);
        }
    }

    private RootCommand CreateCommand() => new(
        "Trains diffusion models on folders of pictures and draws with them. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl+C.")
    {
        CommonOptions.Json,
        CommonOptions.Quiet,
        CommonOptions.Verbose,
        new TrainCommand(cancellationToken),
        new GenerateCommand(cancellationToken),
        new InterpolateCommand(cancellationToken),
        new DescribeCommand(cancellationToken),
        new InspectCommand(cancellationToken),
    };

    // The arguments may be what is wrong, so the switches are looked for in them as they are.
    private int Tell(Failure failure, Exception exception)
    {
        Console.Error.WriteLine(TerminalText.Safe(failure.Message));
        if (args.Contains(CommonOptions.Verbose.Name))
        {
            Console.Error.WriteLine(TerminalText.Safe(exception.ToString()));
        }

        if (args.Contains(CommonOptions.Json.Name))
        {
            Console.WriteLine(Json.Text(new { Error = failure.Message, failure.ExitCode }));
        }

        return failure.ExitCode;
    }
}
