using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

[TestClass]
public sealed class SafetensorsTests
{
    private const string SmallHeader =
        """{"__metadata__":{"format":"pt"},"t":{"dtype":"I64","shape":[],"data_offsets":[0,8]},"w":{"dtype":"F32","shape":[2,1],"data_offsets":[8,16]}}""";

    [TestMethod]
    public void WriteTo_SmallFile_HasTheseBytes()
    {
        var expected = Assemble(SmallHeader.PadRight(144), new byte[] { 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 192 });

        CollectionAssert.AreEqual(expected, SmallFile());
    }

    [TestMethod]
    public void WriteTo_OtherOrderOfAdding_GivesTheSameBytes()
    {
        var forward = new SafetensorsWriter([new("a", "1"), new("b", "2")]);
        forward.Add("x", SafetensorsType.U8, [3], new byte[] { 1, 2, 3 });
        forward.Add("y", SafetensorsType.F64, [1], new byte[8]);
        forward.Add("z", SafetensorsType.U8, [0, 5], ReadOnlyMemory<byte>.Empty);
        var backward = new SafetensorsWriter([new("b", "2"), new("a", "1")]);
        backward.Add("z", SafetensorsType.U8, [0, 5], write => { });
        backward.Add("y", SafetensorsType.F64, [1], write => { write(new byte[5]); write(new byte[3]); });
        backward.Add("x", SafetensorsType.U8, [3], new byte[] { 1, 2, 3 });

        CollectionAssert.AreEqual(Bytes(forward), Bytes(backward));
    }

    [TestMethod]
    public void WriteTo_AnyMixOfTypesAndNames_IsReadBackAndAligned()
    {
        var random = new Random(7);
        var types = Enum.GetValues<SafetensorsType>();
        for (var round = 0; round < 50; round++)
        {
            var writer = new SafetensorsWriter([new("round \"\\\n\u00e9\U0001F600", $"{round}\0")]);
            var expected = new Dictionary<string, byte[]>();
            for (var i = random.Next(12); i > 0; i--)
            {
                var type = types[random.Next(types.Length)];
                long[] shape = [.. Enumerable.Range(0, random.Next(4)).Select(_ => (long)random.Next(5))];
                var data = new byte[type.ByteCount(shape)!.Value];
                random.NextBytes(data);
                var name = $"{(char)random.Next(1, 0xD800)}{i}";
                expected.Add(name, data);
                writer.Add(name, type, shape, data);
            }

            var bytes = Bytes(writer);
            using var file = SafetensorsFile.FromMemory(bytes, "mix");

            Assert.AreEqual($"{round}\0", file.Metadata["round \"\\\n\u00e9\U0001F600"]);
            Assert.HasCount(expected.Count, file.Tensors);
            foreach (var (name, data) in expected)
            {
                var tensor = file[name];
                CollectionAssert.AreEqual(data, tensor.Data.ToArray());
                Assert.AreEqual(0, data.Length == 0 ? 0 : OffsetIn(bytes, tensor.Data.First) % tensor.Type.Size);
            }
        }
    }

    [TestMethod]
    public void FromStream_TensorOfManyPieces_ConvertsLikeOnePiece()
    {
        var values = Enumerable.Range(0, 300_001).Select(i => (Half)i).ToArray();
        var writer = new SafetensorsWriter();
        writer.Add("h", SafetensorsType.F16, [values.Length], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        var bytes = Bytes(writer);

        using var file = SafetensorsFile.FromStream(new Trickle(bytes), "trickle");

        Assert.IsFalse(file["h"].Data.IsSingleSegment);
        CollectionAssert.AreEqual(values.Select(value => (float)value).ToArray(), file["h"].ToSingles());
        var copy = new byte[file["h"].ByteCount];
        file["h"].CopyTo(copy);
        CollectionAssert.AreEqual(MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), copy);
    }

    [TestMethod]
    public void Open_Disposed_RefusesItsTensors()
    {
        var path = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(path, SmallFile());
            var file = SafetensorsFile.Open(path);
            var tensor = file["w"];
            CollectionAssert.AreEqual(new[] { 1f, -2f }, tensor.ToSingles());

            file.Dispose();
            file.Dispose();

            Assert.ThrowsExactly<ObjectDisposedException>(() => tensor.ToSingles());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [TestMethod]
    public void FromMemory_AnyBitFlippedOrCut_ThrowsFormatExceptionOnlyAndAgreesWithStream()
    {
        var bytes = SmallFile();
        for (var bit = 0; bit < bytes.Length * 8; bit++)
        {
            var damaged = (byte[])bytes.Clone();
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.AreEqual(
                Outcome(() => SafetensorsFile.FromMemory(damaged, "flipped")),
                Outcome(() => SafetensorsFile.FromStream(new Trickle(damaged), "flipped")));
        }

        for (var length = 0; length < bytes.Length; length++)
        {
            var cut = bytes[..length];
            var byMemory = Outcome(() => SafetensorsFile.FromMemory(cut, "cut"));
            Assert.AreEqual(byMemory, Outcome(() => SafetensorsFile.FromStream(new Trickle(cut), "cut")));
            Assert.AreNotEqual("accepted", byMemory);
        }
    }

    [TestMethod]
    [DataRow("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 7, "m: The file is cut short: the header promises 8 bytes of data and 7 are there. Get it again.")]
    [DataRow("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", 9, "m: There are bytes after the last tensor, which ends at byte 8 of the data.")]
    [DataRow("""{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "m: Tensor 'w' has dtype F32 and shape [2], which take 8 bytes, but its data_offsets [0, 4] span 4.")]
    [DataRow("""{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "m: Tensor 'w' has shape [4294967296, 4294967296], which takes more bytes of F32 than a file can have.")]
    [DataRow("""{"w":{"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "m: Tensor 'w' has shape [0, 4294967296, 4294967296], which takes more bytes of U8 than a file can have.")]
    [DataRow("""{"w":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}""", 0, "m: Tensor 'w' must have whole numbers from 0 to 9223372036854775807 in shape.")]
    [DataRow("""{"w":{"dtype":"U8","shape":[1e1],"data_offsets":[0,10]}}""", 10, "m: Tensor 'w' must have whole numbers from 0 to 9223372036854775807 in shape.")]
    [DataRow("""{"w":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "m: Tensor 'w' has dtype twice.")]
    [DataRow("""{"w":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "m: Tensor 'w' starts at byte 1 of the data, but the tensors before it end at 0: there is a hole.")]
    [DataRow("""{"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"v":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "m: Tensor 'v' starts at byte 1 of the data, but the tensors before it end at 2: they overlap.")]
    [DataRow("""{"a\nb":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", 4, "m: Tensor 'a\\u000ab' has the unknown dtype 'f32'. Known are BOOL, U8, I8, F8_E5M2, F8_E4M3, F8_E8M0, F8_E4M3FNUZ, F8_E5M2FNUZ, I16, U16, F16, BF16, I32, U32, F32, C64, F64, I64, U64.")]
    [DataRow("""{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\u0077":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "m: The name 'w' is twice in the header.")]
    [DataRow("""{"__metadata__":{"a":"1","a":"1"}}""", 0, "m: The name 'a' is twice in __metadata__.")]
    [DataRow("{}\t", 0, "m: The header has other bytes than spaces after its JSON.")]
    [DataRow("[]", 0, "m: The header does not start with '{'. The file is damaged or in another format.")]
    public void FromMemory_BrokenHeader_NamesTheReason(string header, int dataLength, string message)
    {
        var exception =
            Assert.ThrowsExactly<FormatException>(() => SafetensorsFile.FromMemory(Assemble(header, new byte[dataLength]), "m"));

        Assert.AreEqual(message, exception.Message);
    }

    [TestMethod]
    [DataRow(64, true)]
    [DataRow(65, false)]
    public void FromMemory_Rank_IsAtMost64(int rank, bool accepted)
    {
        var header = $$$"""{"w":{"dtype":"U8","shape":[{{{string.Join(',', Enumerable.Repeat(1, rank))}}}],"data_offsets":[0,1]}}""";

        var outcome = Outcome(() => SafetensorsFile.FromMemory(Assemble(header, new byte[1]), "m"));

        Assert.AreEqual(accepted ? "accepted" : "m: Tensor 'w' has more than 64 numbers in shape.", outcome);
    }

    [TestMethod]
    public void FromMemory_NestedTooDeep_IsRefused()
    {
        var header = $$$"""{"w":{"x":{{{new string('[', 100_000)}}}{{{new string(']', 100_000)}}}}}""";

        Assert.ThrowsExactly<FormatException>(() => SafetensorsFile.FromMemory(Assemble(header, []), "m"));
    }

    [TestMethod]
    [DataRow((16UL << 20) + 1, "m: The header's length is 16777217 bytes, above the limit of 16777216. The file is damaged or in another format.")]
    [DataRow(16UL << 20, "m: The file ends inside its header: 16777216 bytes are promised and 2 are there. Get it again.")]
    public void FromStream_HugeHeaderPromised_IsRefusedCheaply(ulong length, string message)
    {
        byte[] bytes = [.. BitConverter.GetBytes(length), .. "{}"u8];

        AssertRefusedCheaply(bytes, message);
    }

    [TestMethod]
    public void FromStream_HugeTensorPromised_IsRefusedCheaply()
    {
        var bytes =
            Assemble("""{"w":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}""", new byte[100]);

        AssertRefusedCheaply(
            bytes,
            "m: The file is cut short: the header promises 9223372036854775807 bytes of data and 100 are there. Get it again.");
    }

    [TestMethod]
    public void ToSingles_WholeNumbers_AreRefused()
    {
        using var file = SafetensorsFile.FromMemory(SmallFile(), "m");

        var singles = Assert.ThrowsExactly<FormatException>(() => file["t"].ToSingles());
        var integers = Assert.ThrowsExactly<FormatException>(() => file["w"].ToInt64s());
        var missing = Assert.ThrowsExactly<FormatException>(() => file["v"]);

        Assert.AreEqual("Tensor 't' has dtype I64, expected floating-point numbers.", singles.Message);
        Assert.AreEqual("Tensor 'w' has dtype F32, expected whole numbers.", integers.Message);
        Assert.AreEqual("m: there is no tensor 'v' among the 2 in it.", missing.Message);
    }

    [TestMethod]
    public void ToInt64s_Above63Bits_IsRefused()
    {
        var writer = new SafetensorsWriter();
        writer.Add("u", SafetensorsType.U64, [1], BitConverter.GetBytes(ulong.MaxValue));
        using var file = SafetensorsFile.FromMemory(Bytes(writer), "m");

        var exception = Assert.ThrowsExactly<FormatException>(() => file["u"].ToInt64s());

        Assert.AreEqual("Tensor 'u' has a value above 9223372036854775807.", exception.Message);
    }

    [TestMethod]
    public void CopyTo_WrongLength_IsRefused()
    {
        using var file = SafetensorsFile.FromMemory(SmallFile(), "m");

        var exception = Assert.ThrowsExactly<ArgumentException>(() => file["w"].CopyTo(new byte[9]));

        Assert.AreEqual("Tensor 'w' needs a length of 8, got 9. (Parameter 'destination')", exception.Message);
    }

    [TestMethod]
    public void Add_WhatNoReaderAccepts_IsRefused()
    {
        var writer = new SafetensorsWriter();
        writer.Add("w", SafetensorsType.U8, [1], new byte[1]);

        AssertRefused("Tensor 'w' is added twice. (Parameter 'name')", "w", [1], 1);
        AssertRefused(
            "A tensor cannot be called __metadata__, because the format keeps its free text there. (Parameter 'name')",
            "__metadata__",
            [1],
            1);
        AssertRefused("Tensor 'x' of dtype U8 and shape [2] takes 2 bytes, got 1. (Parameter 'data')", "x", [2], 1);
        AssertRefused(
            "Tensor 'x' must have at most 64 dimensions of 0 or more and fewer than 2^63 bytes, got [-1, 0] of U8. (Parameter 'shape')",
            "x",
            [-1, 0],
            0);
        Assert.ThrowsExactly<ArgumentException>(() => writer.Add("x", SafetensorsType.U8, new long[65], new byte[1]));
        Assert.ThrowsExactly<ArgumentException>(() => writer.Add("half a pair \uD83D", SafetensorsType.U8, [1], new byte[1]));
        Assert.ThrowsExactly<ArgumentException>(() => new SafetensorsWriter([new("k", "\uDE00")]));
        Assert.HasCount(1, SafetensorsFile.FromMemory(Bytes(writer), "m").Tensors);

        void AssertRefused(string message, string name, long[] shape, int length) =>
            Assert.AreEqual(
                message,
                Assert.ThrowsExactly<ArgumentException>(() => writer.Add(name, SafetensorsType.U8, shape, new byte[length])).Message);
    }

    [TestMethod]
    public void WriteTo_ContentOfAnotherLength_Throws()
    {
        var writer = new SafetensorsWriter();
        writer.Add("w", SafetensorsType.F32, [2], write => write(new byte[4]));

        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => Bytes(writer));

        Assert.AreEqual("Tensor 'w' must write 8 bytes, but wrote 4: the file is not valid.", exception.Message);
    }

    [TestMethod]
    public void WriteTo_HeaderAboveTheLimit_Throws()
    {
        var writer = new SafetensorsWriter([new("notes", new string('x', 16 << 20))]);

        var exception = Assert.ThrowsExactly<InvalidOperationException>(() => Bytes(writer));

        Assert.AreEqual(
            "The header takes 16777248 bytes, above the limit of 16777216: no reader would accept it. Write fewer tensors or less metadata.",
            exception.Message);
    }

    private static void AssertRefusedCheaply(byte[] bytes, string message)
    {
        using var stream = new Trickle(bytes);
        var before = GC.GetAllocatedBytesForCurrentThread();

        var exception = Assert.ThrowsExactly<FormatException>(() => SafetensorsFile.FromStream(stream, "m"));

        Assert.AreEqual(message, exception.Message);
        Assert.IsLessThan(512L << 10, GC.GetAllocatedBytesForCurrentThread() - before); // one piece is 64 KiB, the rest exceptions
    }

    private static string Outcome(Func<SafetensorsFile> open)
    {
        try
        {
            using var file = open();
            return "accepted";
        }
        catch (FormatException exception)
        {
            return exception.Message;
        }
    }

    private static byte[] SmallFile()
    {
        var writer = new SafetensorsWriter([new("format", "pt")]);
        writer.Add("w", SafetensorsType.F32, [2, 1], MemoryMarshal.AsBytes<float>([1f, -2f]).ToArray());
        writer.Add("t", SafetensorsType.I64, [], BitConverter.GetBytes(7L));
        return Bytes(writer);
    }

    private static byte[] Bytes(SafetensorsWriter writer)
    {
        using var stream = new MemoryStream();
        writer.WriteTo(stream);
        return stream.ToArray();
    }

    private static byte[] Assemble(string header, byte[] data)
    {
        var json = Encoding.UTF8.GetBytes(header);
        return [.. BitConverter.GetBytes((ulong)json.Length), .. json, .. data];
    }

    private static int OffsetIn(byte[] bytes, ReadOnlyMemory<byte> part)
    {
        Assert.IsTrue(MemoryMarshal.TryGetArray(part, out var segment));
        Assert.AreSame(bytes, segment.Array);
        return segment.Offset;
    }

    /// <summary>A stream as a zip entry's: no length, no seeking, a few bytes at a time.</summary>
    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, 4093)]);
    }
}
