using System.Text;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Headers as ML.NET writes them into an entry Model.key, with whatever in them.</summary>
internal static class ModelKey
{
    /// <summary>What a signature has room for.</summary>
    public const int MaximumSignature = 24;

    private const int HeaderBytes = 256;

    /// <param name="loader">The loader's signature, of at most 24 letters.</param>
    /// <param name="assembly">The full name of its assembly; empty for none.</param>
    /// <param name="parameters">What the loader reads.</param>
    /// <param name="texts">The texts that the parameters number.</param>
    /// <param name="otherLoader">The signature of the loader to try if there is no such one.</param>
    public static byte[] Of(string loader, string assembly, byte[] parameters, string[] texts, string otherLoader = "")
    {
        var letters = Encoding.Unicode.GetBytes(string.Concat(texts));
        var ends = texts.Select((_, i) => (long)sizeof(char) * texts[..(i + 1)].Sum(text => text.Length)).ToArray();
        var name = Encoding.Unicode.GetBytes(assembly);
        var textsAt = HeaderBytes + parameters.Length;
        var lettersAt = textsAt + (ends.Length * sizeof(long));
        var nameAt = lettersAt + letters.Length;
        var tailAt = nameAt + name.Length;

        var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write(0x4C45444F4D004C4D);
        writer.Write(0x00010002);
        writer.Write(0x00010002);
        foreach (var part in (long[])[
            HeaderBytes, parameters.Length,
            texts.Length > 0 ? textsAt : 0, ends.Length * sizeof(long),
            texts.Length > 0 ? lettersAt : 0, letters.Length])
        {
            writer.Write(part);
        }

        writer.Write("ANYMODEL"u8);
        writer.Write(0x00010003);
        writer.Write(0x00010003);
        writer.Write(Encoding.Latin1.GetBytes(loader.PadRight(MaximumSignature, '\0')));
        writer.Write(Encoding.Latin1.GetBytes(otherLoader.PadRight(MaximumSignature, '\0')));
        writer.Write((long)tailAt);
        writer.Write((long)tailAt + sizeof(long));
        writer.Write(name.Length > 0 ? (long)nameAt : 0);
        writer.Write(name.Length);
        writer.Write(new byte[HeaderBytes - (int)stream.Length]);
        writer.Write(parameters);
        Array.ForEach(ends, writer.Write);
        writer.Write(letters);
        writer.Write(name);
        writer.Write(0x4D4C004D4F44454C);
        return stream.ToArray();
    }
}
