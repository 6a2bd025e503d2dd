namespace Diffusion.Tool.Running;

/// <summary>What a command has to say when it is done.</summary>
/// <param name="Lines">For people; those that are null are left out.</param>
/// <param name="Document">For programs: what --json prints.</param>
/// <param name="ExitCode">Of the process.</param>
internal sealed record Result(IReadOnlyList<string?> Lines, object Document, int ExitCode = 0)
{
    /// <summary>What goes on when that is told, and gives the exit code: a server, until Ctrl+C.</summary>
    public Func<int>? Then { get; init; }

    public string Text => string.Join(Environment.NewLine, Lines.OfType<string>());
}
