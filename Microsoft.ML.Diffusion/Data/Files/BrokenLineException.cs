namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>A line that cannot be understood.</summary>
/// <param name="line">Its number, from 1.</param>
/// <param name="reason">Why, as the end of a sentence.</param>
internal sealed class BrokenLineException(int line, string reason) : Exception(FormattableString.Invariant($"line {line}: {reason}"));
