using System.Globalization;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>The last line of a terminal while it shows a bar. A terminal has one such line: the bar that began first keeps it to its end.</summary>
/// <param name="output">The terminal.</param>
/// <param name="width">Gives the columns of the terminal, which may change.</param>
internal sealed class TerminalBar(TextWriter output, Func<int> width)
{
    private const int LeastWidth = 20;
    private const int Cells = 24;

    private static TerminalBar? _shown;

    private string _text = "";

    /// <summary>Whether this bar is on the terminal.</summary>
    public bool IsShown => ReferenceEquals(_shown, this);

    /// <summary>Shows or changes the bar, unless another is shown.</summary>
    public void Draw(string title, double fraction, string detail)
    {
        if (Interlocked.CompareExchange(ref _shown, this, null) is not { } other || ReferenceEquals(other, this))
        {
            var columns = Math.Max(LeastWidth, width()) - 1; // a full line would move the cursor to the next
            Rewrite(Text(title, fraction, detail, columns, IsUnicode));
        }
    }

    /// <summary>Writes a line above the bar.</summary>
    public void WriteLine(string line)
    {
        var text = _text;
        Rewrite("");
        output.WriteLine(line);
        Rewrite(text);
    }

    /// <summary>Takes the bar away: the cursor is where it was before it.</summary>
    public void Erase()
    {
        if (IsShown)
        {
            Rewrite("");
            Interlocked.CompareExchange(ref _shown, null, this);
        }
    }

    /// <summary>A bar that fits in so many columns: what follows it is cut first.</summary>
    public static string Text(string title, double fraction, string detail, int columns, bool isUnicode)
    {
        var share = Math.Clamp(fraction, 0, 1); // of what is no number, 0
        var full = (int)(share * Cells);
        var (done, open) = isUnicode ? ('\u2588', '\u2591') : ('#', '-');
        var bar = string.Create(
            CultureInfo.InvariantCulture,
            $"{title} {new string(done, full)}{new string(open, Cells - full)} {(int)(100 * share),3} %  {detail}").TrimEnd();
        return bar.Length <= columns ? bar : bar[..columns];
    }

    private bool IsUnicode => output.Encoding.CodePage is 65001 or 1200;

    // By a carriage return and spaces, which every terminal knows.
    private void Rewrite(string text)
    {
        if (text.Length > 0 || _text.Length > 0)
        {
            var rest = new string(' ', Math.Max(0, _text.Length - text.Length));
            output.Write($"\r{text}{rest}{(rest.Length > 0 ? $"\r{text}" : "")}");
            output.Flush();
            _text = text;
        }
    }
}
