using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

/// <summary>The functions of float32 against those of double. The bounds are what their documentation says.</summary>
[TestClass]
public sealed class BoxMullerTests
{
    private const int Count = 500_000;

    [TestMethod]
    public void TwiceNegativeLogarithm_AllMagnitudes_IsRightToAFewBits()
    {
        var largest = 0.0;
        foreach (var u in Words().Select(word => BoxMuller.Uniform<OneLane, uint, float>(word)).Concat(SmallAndNearOne()))
        {
            var expected = -2 * Math.Log(u);
            var actual = BoxMuller.TwiceNegativeLogarithm<OneLane, uint, float>(u);
            largest = Math.Max(largest, expected == 0 ? Math.Abs(actual) : Math.Abs((actual / expected) - 1));
        }

        Console.WriteLine($"logarithm: {largest:G3}");
        Assert.IsLessThan(3e-7, largest);
    }

    [TestMethod]
    public void SineAndCosine_AllAngles_AreRightToAFewBits()
    {
        var (largest, radius) = (0.0, 0.0);
        foreach (var word in (uint[])[.. Words(), 0u, 0x3FFFFFFF, 0x40000000, 0x7FFFFFFF, 0x80000000, 0xBFFFFFFF, 0xC0000000, uint.MaxValue])
        {
            var quarter = word >> 30;
            var k = unchecked((int)(word << 2)) >> 8;
            var angle = ((k + 0.5) / (1 << 24) * Math.PI / 2) + (quarter * Math.PI / 2);
            var (sine, cosine) = BoxMuller.SineAndCosine<OneLane, uint, float>(word);
            largest = Math.Max(largest, Math.Max(Math.Abs(sine - Math.Sin(angle)), Math.Abs(cosine - Math.Cos(angle))));
            radius = Math.Max(radius, Math.Abs(Math.Sqrt(((double)sine * sine) + ((double)cosine * cosine)) - 1));
        }

        Console.WriteLine($"sine and cosine: {largest:G3}, their radius {radius:G3}");
        Assert.IsLessThan(2e-7, largest);
        Assert.IsLessThan(2e-7, radius);
    }

    [TestMethod]
    public void Uniform_AnyWord_IsAboveZeroAndAtMostOne()
    {
        Assert.AreEqual((float)Math.Pow(2, -33), BoxMuller.Uniform<OneLane, uint, float>(0));
        Assert.AreEqual(1, BoxMuller.Uniform<OneLane, uint, float>(uint.MaxValue));
        foreach (var word in Words())
        {
            Assert.AreEqual((float)((word + 0.5) / 4294967296), BoxMuller.Uniform<OneLane, uint, float>(word), "rounded once");
        }
    }

    [TestMethod]
    public void Normals_ExtremeWords_AreFinite()
    {
        foreach (var radius in (uint[])[0, 1, uint.MaxValue - 1, uint.MaxValue])
        {
            var (first, second) = BoxMuller.Normals<OneLane, uint, float>(radius, 0x12345678);
            Assert.IsTrue(float.IsFinite(first) && float.IsFinite(second));
            Assert.IsLessThan(6.77, Math.Sqrt(((double)first * first) + ((double)second * second)));
        }
    }

    private static uint[] Words()
    {
        var words = new uint[Count];
        new RandomNumbers(RandomStream.StartOfSample, seed: 1).Words(sample: 0, draw: 0, words);
        return words;
    }

    // Every power of two, and the numbers that are nearest to 1.
    private static IEnumerable<float> SmallAndNearOne() =>
        Enumerable.Range(0, 34)
            .Select(e => (float)Math.Pow(2, -e))
            .Concat(Enumerable.Range(1, 1000).Select(i => BitConverter.UInt32BitsToSingle(0x3F800000u - (uint)i)));
}
