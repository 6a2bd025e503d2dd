using System.CommandLine;
using System.CommandLine.Invocation;
using Diffusion.Tool.Options;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Runtime;

namespace Diffusion.Tool;

/// <summary>The command line "diffusion": finds the command, runs it, and tells how it went in the exit code.</summary>
/// <param name="args">What was typed after "diffusion".</param>
/// <param name="root">The commands.</param>
internal sealed class DiffusionTool(string[] args, Command root)
{
    /// <summary>What does the work if another program does, and gives the exit code.</summary>
    public Func<int>? Elsewhere { get; init; }

    /// <summary>Does what the arguments ask for.</summary>
    /// <returns>0 done, 1 failed, 2 wrong usage, 130 interrupted.</returns>
    public int Run()
    {
        try
        {
            if (Elsewhere is not null)
            {
                return Elsewhere();
            }

            var parsed =
                root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null }); // a path may begin with @
            return parsed.Action is ParseErrorAction
                ? throw ParseErrors.ToException(parsed)
                : parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception exception)
        {
            return Tell(Failure.Of(exception), exception);
        }
    }

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
