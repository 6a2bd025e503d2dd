namespace Diffusion.Tool.Running;

/// <summary>Text for a terminal.</summary>
internal static class Terminal
{
    /// <summary>Shows control characters as question marks: names in a file of anyone could hold commands to the terminal.</summary>
    public static string Safe(string text) => string.Concat(text.Select(character => char.IsControl(character) && character is not ('\n' or '\r') ? '?' : character));
}
