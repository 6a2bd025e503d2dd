using System.CommandLine;
using System.CommandLine.Parsing;
using Diffusion.Tool.Running;
using Microsoft.ML.Diffusion.Runtime;

namespace Diffusion.Tool.Options;

/// <summary>Tells in one line what the parser did not understand.</summary>
internal static class ParseErrors
{
    /// <summary>The first mistake, and where to look.</summary>
    public static UsageException ToException(ParseResult parsed)
    {
        var names = new List<string>();
        for (SymbolResult? command = parsed.CommandResult; command is CommandResult { Parent: not null } inner; command = inner.Parent)
        {
            names.Insert(0, inner.Command.Name);
        }

        return new UsageException($"{Message(parsed)} '{string.Join(' ', ["diffusion", .. names, "--help"])}' lists what can be given.");
    }

    private static IEnumerable<string> Known(Command command) =>
        [.. command.Subcommands.Select(inner => inner.Name), .. command.Options.Where(option => !option.Hidden).Select(option => option.Name)];

    private static string Message(ParseResult parsed)
    {
        var error = parsed.Errors[0];
        return error.SymbolResult switch
        {
            ArgumentResult { Tokens.Count: 0, Argument: var argument, Parent: CommandResult } =>
                $"{argument.Name} is missing: {argument.Description}.",
            OptionResult { Tokens.Count: 0, Option: var option } => $"{option.Name} needs a value: {option.Description}.",
            CommandResult { Command: RootCommand } when parsed.UnmatchedTokens.Count == 0 => "A command is missing.",
            _ when parsed.UnmatchedTokens.Count > 0 =>
                $"'{parsed.UnmatchedTokens[0]}' is not known here.{NearestName.Question(parsed.UnmatchedTokens[0], Known(parsed.CommandResult.Command))}",
            _ => error.Message,
        };
    }
}
