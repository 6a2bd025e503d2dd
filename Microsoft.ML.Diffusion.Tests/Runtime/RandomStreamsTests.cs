using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

[TestClass]
public sealed class RandomStreamsTests
{
    private static readonly RandomStream[] _streams = Enum.GetValues<RandomStream>();

    [TestMethod]
    public void Key_SeedsOfAStream_NeverShareOne()
    {
        long[] seeds =
            [.. Enumerable.Range(-100, 200), long.MinValue, long.MaxValue, .. Enumerable.Range(8, 55).Select(bit => 1L << bit), .. Enumerable.Range(8, 55).Select(bit => 1 | (1L << bit))];
        Assert.AreEqual(seeds.Length, seeds.Distinct().Count());

        var keys = _streams.SelectMany(stream => seeds.Select(seed => stream.Key(seed))).ToList();

        Assert.AreEqual(keys.Count, keys.Distinct().Count());
    }

    // SplitMix64's output function undone: two seeds with one key would have to be the same.
    [TestMethod]
    public void Key_CanBeReversed()
    {
        foreach (var seed in (long[])[0, 1, -1, 42, long.MinValue, long.MaxValue, 0x123456789ABCDEF])
        {
            var z = RandomStream.Dropout.Key(seed);
            z = (z ^ (z >> 31) ^ (z >> 62)) * Inverse(0x94D049BB133111EB);
            z = (z ^ (z >> 27) ^ (z >> 54)) * Inverse(0xBF58476D1CE4E5B9);
            z = z ^ (z >> 30) ^ (z >> 60);
            Assert.AreEqual(seed, (long)(z ^ (ulong)RandomStream.Dropout));
        }
    }

    [TestMethod]
    public void Streams_OfOneSeed_ArePairwiseDifferent()
    {
        var numbers = _streams.Select(stream =>
        {
            var words = new uint[64];
            new RandomNumbers(stream, seed: 1).Words(0, 0, words);
            return words;
        }).ToList();

        for (var i = 0; i < numbers.Count; i++)
        {
            for (var j = 0; j < i; j++)
            {
                Assert.IsFalse(numbers[i].Intersect(numbers[j]).Any(), $"{_streams[i]} and {_streams[j]}");
            }
        }
    }

    // A constant that changes changes what seeds draw: then RandomStreams.Version has to rise.
    [TestMethod]
    public void Constants_OfVersion1_AreThese()
    {
        Assert.AreEqual(1, RandomStreams.Version);
        string[] expected =
        [
            "AddedNoise=60ec425f9a5d1a4c",
            "Augmentation=3ed97e61f92c874d",
            "Dropout=201f9138f3d99bb2",
            "Flips=a7fb24ed540a4cc2",
            "HeldOutRows=5cd1f371fb23e66a",
            "InitialWeights=d84863f01d4cbe0f",
            "Inpainting=7dc49917cd59ce50",
            "KeptRows=6f3baa98de69833e",
            "LabelDropout=9bf0ab3f07590cc0",
            "LikelihoodNoise=dcff1a9c0eaa4e66",
            "LikelihoodTimesteps=408307323a4aa9d0",
            "OrderOfImages=2cb8c961677b4162",
            "RowIds=adb8a91968daf3a3",
            "StartOfSample=4bd26f613cda817d",
            "StepOfSample=41ceae6acb4c1c73",
            "TrainingNoise=157d31d352816e9e",
            "TrainingTimesteps=825524d08be6bcba",
            "ValidationNoise=8a49e0dad1f67fa9",
            "ValidationTimesteps=65d613111143b3ee",
        ];
        CollectionAssert.AreEqual(
            expected,
            _streams.Select(stream => $"{stream}={(ulong)stream:x16}").Order(StringComparer.Ordinal).ToArray());
    }

    // 1 / odd modulo 2^64, by Newton's iteration.
    private static ulong Inverse(ulong odd)
    {
        var inverse = odd;
        for (var i = 0; i < 6; i++)
        {
            inverse = unchecked(inverse * (2 - (odd * inverse)));
        }

        return inverse;
    }
}
