namespace Diffusion.Tool.Running;

/// <summary>What the tool itself cannot do, in one line.</summary>
internal class ToolException(string message, Exception? cause = null) : Exception(message, cause);

/// <summary>The end that Ctrl+C brought, and what it left.</summary>
internal sealed class InterruptedException(string message) : OperationCanceledException(message);

/// <summary>A mistake in what was typed.</summary>
internal sealed class UsageException(string message) : ToolException(message);
