namespace Diffusion.Tool.Shards;

/// <summary>Words of a command that is shown to be typed.</summary>
internal static class ShellWord
{
    /// <summary>The word as a shell takes it for one.</summary>
    public static string Of(string word) =>
        word.Length > 0 && word.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or '/')
            ? word
            : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
