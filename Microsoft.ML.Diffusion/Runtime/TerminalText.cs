using System.Globalization;
using System.Text;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>Text for a terminal.</summary>
internal static class TerminalText
{
    /// <summary>
    /// Shows characters that are no part of a text as question marks, but for ends of lines: names in a file of anyone could hold commands to the
    /// terminal, write over a line, or turn its direction.
    /// </summary>
    public static string Safe(string text)
    {
        var safe = new StringBuilder(text.Length);
        var lines = text.Split("\r\n");
        for (var i = 0; i < lines.Length; i++)
        {
            safe.Append(i == 0 ? "" : "\r\n");
            foreach (var rune in lines[i].EnumerateRunes())
            {
                safe.Append(IsText(rune) ? rune.ToString() : "?");
            }
        }

        return safe.ToString();
    }

    private static bool IsText(Rune rune) => rune.Value == '\n' || Rune.GetUnicodeCategory(rune)
        is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);
}
