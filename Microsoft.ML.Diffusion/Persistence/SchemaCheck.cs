using Microsoft.ML.Data.IO;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Persistence;

/// <summary>Reads a model's input schema by ML.NET's own reader once, from a stream that refuses to be read past its end.</summary>
/// <remarks>ML.NET 5.0.1 reads arrays in a loop that never ends where the file does, so a damaged schema would hang Model.Load.</remarks>
internal static class SchemaCheck
{
    public const string Entry = "Schema";

    /// <exception cref="FormatException">The schema is damaged.</exception>
    public static void Run(IHostEnvironment environment, byte[] schema)
    {
        try
        {
            using var stream = new EndingStream(schema);
            using var loader = new BinaryLoader(environment, new BinaryLoader.Arguments(), stream);
            _ = ((IDataView)loader).Schema;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new FormatException($"its input schema is damaged: {exception.Message}", exception);
        }
    }

    private sealed class EndingStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        // Reading into a span comes here, too: it does in every class derived from MemoryStream.
        public override int Read(byte[] buffer, int offset, int count)
        {
            var read = base.Read(buffer, offset, count);
            return read > 0 || count == 0 ? read : throw new EndOfStreamException("it ends too early.");
        }
    }
}
