using System.Runtime.Intrinsics;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

[TestClass]
public sealed class Philox4x32Tests
{
    // The answers that the authors publish with their own code (Random123, kat_vectors).
    [TestMethod]
    [DataRow("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8")]
    [DataRow("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd")]
    [DataRow("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1")]
    public void Block_PublishedCounterAndKey_GivesThePublishedWords(string counter, string key, string expected)
    {
        Assert.AreEqual(expected, Block<OneLane, uint, float>(counter, key, lane => lane));
        Assert.AreEqual(expected, Block<FourLanes, Vector128<uint>, Vector128<float>>(counter, key, lanes => Same(lanes.ToArray())));
        Assert.AreEqual(expected, Block<EightLanes, Vector256<uint>, Vector256<float>>(counter, key, lanes => Same(lanes.ToArray())));
        Assert.AreEqual(expected, Block<SixteenLanes, Vector512<uint>, Vector512<float>>(counter, key, lanes => Same(lanes.ToArray())));
    }

    private static string Block<TLanes, TWhole, TReal>(string counter, string key, Func<TWhole, uint> value)
        where TLanes : struct, ILanes<TWhole, TReal>
    {
        var (c, k) = (Words(counter), Words(key));
        TWhole[] words = [.. c.Select(TLanes.Whole)];
        Philox4x32.Block<TLanes, TWhole, TReal>(k[0] | ((ulong)k[1] << 32), ref words[0], ref words[1], ref words[2], ref words[3]);
        return string.Join(' ', words.Select(word => value(word).ToString("x8")));
    }

    private static uint[] Words(string text) => [.. text.Split(' ').Select(word => Convert.ToUInt32(word, 16))];

    private static uint Same(uint[] lanes)
    {
        Assert.HasCount(1, lanes.Distinct());
        return lanes[0];
    }
}

/// <summary>The lanes of a vector, for tests.</summary>
internal static class VectorLanes
{
    public static uint[] ToArray(this Vector128<uint> vector) => [.. Enumerable.Range(0, 4).Select(i => vector[i])];

    public static uint[] ToArray(this Vector256<uint> vector) => [.. Enumerable.Range(0, 8).Select(i => vector[i])];

    public static uint[] ToArray(this Vector512<uint> vector) => [.. Enumerable.Range(0, 16).Select(i => vector[i])];
}
