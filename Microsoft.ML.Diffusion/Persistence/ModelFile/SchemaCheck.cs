using Microsoft.ML.Data.IO;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Persistence.ModelFile;

/// <summary>Reads a model's input schema by ML.NET's own reader once, from a stream that refuses to be read past its end.</summary>
/// <remarks>ML.NET 5.0.1 reads arrays in a loop that never ends where the file does, so a damaged schema would hang Model.Load.</remarks>
internal static class SchemaCheck
{
    public const string Entry = "Schema";

    /// <summary>The longest schema: one of images has a few KiB; names of classes or slots add theirs.</summary>
    public const int MaximumBytes = 4 << 20;

    private const int MaximumDimensions = 64;

    /// <exception cref="FormatException">The schema is damaged.</exception>
    public static void Run(IHostEnvironment environment, byte[] schema)
    {
        try
        {
            CheckVectors(schema);
            using var stream = new EndingStream(schema);
            using var loader = new BinaryLoader(environment, new BinaryLoader.Arguments(), stream);
            _ = ((IDataView)loader).Schema;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw new FormatException($"its input schema is damaged: {exception.Message}", exception);
        }
    }

    // ML.NET takes memory for as many dimensions as a vector claims: VBuffer, the length of what follows, the items' type and its
    // parameters, then the number of dimensions.
    private static void CheckVectors(byte[] schema)
    {
        var marker = "\u0007VBuffer"u8;
        for (int found, start = 0; (found = schema.AsSpan(start).IndexOf(marker)) >= 0;)
        {
            start += found + marker.Length;
            using var reader = new BinaryReader(new MemoryStream(schema, start, schema.Length - start));
            reader.Read7BitEncodedInt();
            reader.BaseStream.Seek(reader.Read7BitEncodedInt(), SeekOrigin.Current);
            reader.BaseStream.Seek(reader.Read7BitEncodedInt(), SeekOrigin.Current);
            if (reader.ReadInt32() is < 0 or > MaximumDimensions)
            {
                throw new FormatException("a vector has too many dimensions.");
            }
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
