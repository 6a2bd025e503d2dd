namespace Diffusion.Tool.Running;

/// <summary>What a command has to say when it is done.</summary>
/// <param name="Text">For people.</param>
/// <param name="Document">For programs: what --json prints.</param>
/// <param name="ExitCode">Of the process.</param>
internal sealed record Result(string Text, object Document, int ExitCode = 0);
