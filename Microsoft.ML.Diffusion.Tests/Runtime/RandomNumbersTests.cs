using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

[TestClass]
public sealed class RandomNumbersTests
{
    // What a seed draws, for ever: if this has to change, RandomStreams.Version does too.
    private const string Digest = "be5a4a73018eba24321080869b0237951d8726d53b17677e44bd8921d276fd1c";

    [TestMethod]
    public void Numbers_OfVersion1_AreTheseBits()
    {
        Assert.AreEqual(1, RandomStreams.Version);
        var start = new float[8];
        new RandomNumbers(RandomStream.StartOfSample, seed: 1).Normals(sample: 0, draw: 0, start);

        Assert.AreEqual(
            "3f06a988 3d704588 bee0e96a be0187d2 bfcbc4a6 3fe0fcba c01237f0 bf4126c1",
            string.Join(' ', start.Select(x => BitConverter.SingleToUInt32Bits(x).ToString("x8"))));
        Assert.AreEqual(Digest, DigestOfAll());
    }

    // The widths and instructions of other processors, as far as this one can do without its own.
    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DataRow("DOTNET_EnableAVX512")]
    [DataRow("DOTNET_EnableAVX2")]
    [DataRow("DOTNET_EnableAVX")]
    [DataRow("DOTNET_EnableHWIntrinsic")]
    public void Numbers_OnALesserProcessor_AreTheSame(string without) =>
        Assert.AreEqual(Digest, ChildProcess.RunWith(new Dictionary<string, string> { [without] = "0" }, "random-digest"));

    [TestMethod]
    [DataRow(1)]
    [DataRow(64)]
    [DataRow(1001)]
    public void Normals_AnyWidth_HaveTheSameBits(int count)
    {
        foreach (var (key, sample, draw) in (IEnumerable<(ulong, ulong, uint)>)[
            (0, 0, 0),
            (ulong.MaxValue, ulong.MaxValue, uint.MaxValue),
            (0x123456789ABCDEF, 1UL << 40, 17),
        ])
        {
            var blocks = new RandomBlocks(key, sample, draw);
            float[] one = new float[count],
                four = new float[count],
                eight = new float[count],
                sixteen = new float[count],
                suited = new float[count];

            blocks.Normals<OneLane, uint, float>(one);
            blocks.Normals<FourLanes, Vector128<uint>, Vector128<float>>(four);
            blocks.Normals<EightLanes, Vector256<uint>, Vector256<float>>(eight);
            blocks.Normals<SixteenLanes, Vector512<uint>, Vector512<float>>(sixteen);
            blocks.Normals(suited);

            foreach (var other in (float[][])[four, eight, sixteen, suited])
            {
                CollectionAssert.AreEqual(Bits(one), Bits(other));
            }
        }
    }

    [TestMethod]
    [DataRow(1)]
    [DataRow(64)]
    [DataRow(1001)]
    public void Words_AnyWidth_AreTheSame(int count)
    {
        var blocks = new RandomBlocks(0x123456789ABCDEF, 1UL << 40, 17);
        uint[] one = new uint[count], four = new uint[count], eight = new uint[count], sixteen = new uint[count], suited = new uint[count];

        blocks.Words<OneLane, uint, float>(one);
        blocks.Words<FourLanes, Vector128<uint>, Vector128<float>>(four);
        blocks.Words<EightLanes, Vector256<uint>, Vector256<float>>(eight);
        blocks.Words<SixteenLanes, Vector512<uint>, Vector512<float>>(sixteen);
        blocks.Words(suited);

        foreach (var other in (uint[][])[four, eight, sixteen, suited])
        {
            CollectionAssert.AreEqual(one, other);
        }
    }

    [TestMethod]
    public void Numbers_OfALongerDraw_BeginWithThoseOfAShorterOne()
    {
        var numbers = new RandomNumbers(RandomStream.AddedNoise, seed: -5);
        var longest = new float[300];
        numbers.Normals(3, 2, longest);

        for (var count = 0; count < longest.Length; count++)
        {
            var shorter = new float[count];
            numbers.Normals(3, 2, shorter);
            CollectionAssert.AreEqual(Bits(longest[..count]), Bits(shorter));
        }

        var words = new ulong[5];
        numbers.LongWords(3, 2, words);
        Assert.AreEqual(words[0], numbers.LongWord(3, 2));
    }

    [TestMethod]
    public void Numbers_LookRandom() => Check(RandomStatistics.Distribution(200_000).Concat(RandomStatistics.Correlations(100_000)));

    [TestMethod]
    public void Starts_OfSeedsAndImages_HaveNoTwins() => Assert.AreEqual(0, RandomStatistics.Twins(50_000));

    [TestMethod]
    public void Uniforms_AnyWord_AreNeverZeroNorOne()
    {
        var numbers = new RandomNumbers(RandomStream.InitialWeights, seed: 1);
        var uniforms = new float[100_000];
        numbers.Uniforms(0, 0, uniforms);

        Assert.IsTrue(uniforms.All(u => u is > 0 and < 1));
        Assert.IsLessThan(1e-4, uniforms.Min());
        Assert.IsTrue(Enumerable.Range(0, 10_000).All(i => numbers.Uniform(i) is > 0 and < 1));
        Assert.IsTrue(Enumerable.Range(0, 10_000).All(i => numbers.Below(3, i) is >= 0 and < 3));
    }

    [TestMethod]
    public void Choices_OfAProbability_ComeAsOften()
    {
        var choices = new float[100_000];
        new RandomNumbers(RandomStream.Dropout, seed: 1).Choices(0, 0, choices, probability: 0.3, value: 2.5f);

        Assert.AreEqual(0.3, choices.Count(choice => choice == 0) / 1e5, 0.007); // five standard errors
        Assert.IsTrue(choices.All(choice => choice is 0 or 2.5f));
    }

    /// <summary>What the child process prints: a digest of numbers of every kind, as they come out on its processor.</summary>
    internal static string DigestOfAll()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var stream in Enum.GetValues<RandomStream>())
        {
            var numbers = new RandomNumbers(stream, seed: 42);
            float[] normals = new float[4099], uniforms = new float[1023];
            numbers.Normals(7, 3, normals);
            numbers.Uniforms(1L << 40, 1, uniforms);
            hash.AppendData(MemoryMarshal.AsBytes<float>(normals));
            hash.AppendData(MemoryMarshal.AsBytes<float>(uniforms));
            hash.AppendData(BitConverter.GetBytes(numbers.Uniform(-1)));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Check(IEnumerable<Finding> findings)
    {
        List<Finding> all = [.. findings];
        Console.WriteLine(string.Join('\n', all));
        Assert.IsTrue(all.All(finding => finding.IsFine), string.Join('\n', all.Where(finding => !finding.IsFine)));
    }

    private static uint[] Bits(float[] numbers) => Array.ConvertAll(numbers, BitConverter.SingleToUInt32Bits);
}
