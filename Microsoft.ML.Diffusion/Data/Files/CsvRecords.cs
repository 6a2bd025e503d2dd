using System.Text;

namespace Microsoft.ML.Diffusion.Data.Files;

/// <summary>Reads the records of a CSV file (RFC 4180): fields between commas, those with commas, quotes or line breaks in quotes, a quote in them doubled.</summary>
/// <remarks>
/// ML.NET's TextLoader is no help here: it wants its columns beforehand, obeys options that a file's first lines give it, and says no line of what it cannot read.
/// </remarks>
internal sealed class CsvRecords(TextReader reader)
{
    private const char Separator = ',';
    private const char Quote = '"';
    private const int End = -1;

    private int _line = 1;

    /// <summary>The records, each with the line on which it begins, without empty lines.</summary>
    /// <exception cref="BrokenLineException">A quote is not closed, or something follows one that is.</exception>
    public IEnumerable<(int Line, IReadOnlyList<string> Fields)> Read()
    {
        while (reader.Peek() != End)
        {
            var line = _line;
            var fields = ReadRecord();
            if (fields is not [""])
            {
                yield return (line, fields);
            }
        }
    }

    private List<string> ReadRecord()
    {
        List<string> fields = [];
        do
        {
            fields.Add(reader.Peek() == Quote ? ReadQuoted() : ReadPlain());
        }
        while (Skip(Separator));

        SkipLineBreak();
        return fields;
    }

    private string ReadPlain()
    {
        var field = new StringBuilder();
        while (!IsEndOfField(reader.Peek()))
        {
            field.Append((char)reader.Read());
        }

        return field.ToString();
    }

    private string ReadQuoted()
    {
        var (field, line) = (new StringBuilder(), _line);
        reader.Read();
        while (true)
        {
            var next = reader.Read();
            if (next == End)
            {
                throw new BrokenLineException(line, "a quote is opened and never closed");
            }

            if (next == Quote && !Skip(Quote))
            {
                return IsEndOfField(reader.Peek())
                    ? field.ToString()
                    : throw new BrokenLineException(_line, "after a closing quote must come a comma or the end of the line: double a quote that is part of a text");
            }

            _line += next == '\n' || (next == '\r' && reader.Peek() != '\n') ? 1 : 0;
            field.Append((char)next);
        }
    }

    private static bool IsEndOfField(int next) => next is Separator or '\r' or '\n' or End;

    private bool Skip(char expected)
    {
        if (reader.Peek() != expected)
        {
            return false;
        }

        reader.Read();
        return true;
    }

    private void SkipLineBreak()
    {
        if (Skip('\r') | Skip('\n'))
        {
            _line++;
        }
    }
}
