using System.Runtime.InteropServices;

namespace Microsoft.ML.Diffusion.Runtime;

/// <summary>
/// The random numbers of a seed in a stream. It has no state: what is asked for twice is the same, in any order, on any thread and any processor.
/// </summary>
/// <remarks>
/// A number is found by sample (64 bits), draw (32 bits) and element. Elements come in blocks of four, whose number is the last word of the counter,
/// so a longer draw begins with a shorter one.
/// </remarks>
/// <param name="stream">What the numbers are for.</param>
/// <param name="seed">All 64 bits count.</param>
internal readonly struct RandomNumbers(RandomStream stream, long seed)
{
    private readonly ulong _key = stream.Key(seed);

    /// <summary>Standard normal numbers. The largest that can be is 6.8.</summary>
    public void Normals(long sample, long draw, Span<float> numbers) => Blocks(sample, draw).Normals(numbers);

    /// <summary>Words of 32 random bits.</summary>
    public void Words(long sample, long draw, Span<uint> words) => Blocks(sample, draw).Words(words);

    /// <summary>Words of 64 random bits: element i is made of words 2i, the lower half, and 2i + 1.</summary>
    public void LongWords(long sample, long draw, Span<ulong> words)
    {
        var halves = new uint[2 * words.Length];
        Words(sample, draw, halves);
        for (var i = 0; i < words.Length; i++)
        {
            words[i] = halves[2 * i] | ((ulong)halves[(2 * i) + 1] << 32);
        }
    }

    /// <summary>Numbers spread evenly over (0, 1), of 23 random bits: the middles of 2^23 equal parts.</summary>
    public void Uniforms(long sample, long draw, Span<float> numbers)
    {
        var words = new uint[numbers.Length];
        Words(sample, draw, words);
        for (var i = 0; i < words.Length; i++)
        {
            numbers[i] = ((words[i] >> 9) + 0.5f) * (1f / (1 << 23));
        }
    }

    /// <summary>Each number is 0 with a probability, to 1 in 2^32, and else a given value.</summary>
    public void Choices(long sample, long draw, Span<float> numbers, double probability, float value)
    {
        var words = MemoryMarshal.Cast<float, uint>(numbers);
        Words(sample, draw, words);
        var threshold = (uint)Math.Round(probability * uint.MaxValue);
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = words[i] < threshold ? 0 : value;
        }
    }

    /// <summary>64 random bits.</summary>
    public ulong LongWord(long sample, long draw = 0)
    {
        Span<uint> words = stackalloc uint[2];
        Words(sample, draw, words);
        return words[0] | ((ulong)words[1] << 32);
    }

    /// <summary>A number in (0, 1), of 52 random bits: the middle of one of 2^52 equal parts.</summary>
    public double Uniform(long sample, long draw = 0) => ((LongWord(sample, draw) >> 12) + 0.5) * (1.0 / (1L << 52));

    /// <summary>A whole number from 0 on, below <paramref name="count"/>; each as likely to 1 in 2^64 / count.</summary>
    public long Below(long count, long sample, long draw = 0) => (long)Math.BigMul(LongWord(sample, draw), (ulong)count, out _);

    private RandomBlocks Blocks(long sample, long draw) => new(_key, unchecked((ulong)sample), checked((uint)draw));
}
