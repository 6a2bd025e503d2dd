namespace Experiments.Features;

/// <summary>
/// The random numbers of PyTorch on the CPU (MT19937; Matsumoto and Nishimura 1998), so that a network starts as PyTorch's with the same seed does.
/// </summary>
internal sealed class MersenneTwister
{
    private const int Length = 624;

    private readonly uint[] _state = new uint[Length];
    private int _next = Length;

    public MersenneTwister(uint seed)
    {
        _state[0] = seed;
        for (var i = 1u; i < Length; i++)
        {
            _state[i] = unchecked((1812433253 * (_state[i - 1] ^ (_state[i - 1] >> 30))) + i);
        }
    }

    /// <summary>A number from -bound to bound, of 24 random bits.</summary>
    public float Uniform(float bound) => ((Next() & 0xFFFFFF) * (1f / (1 << 24)) * (2 * bound)) - bound;

    /// <summary>32 random bits.</summary>
    public uint Next()
    {
        if (_next == Length)
        {
            Twist();
        }

        var bits = _state[_next++];
        bits ^= bits >> 11;
        bits ^= (bits << 7) & 0x9D2C5680;
        bits ^= (bits << 15) & 0xEFC60000;
        return bits ^ (bits >> 18);
    }

    private void Twist()
    {
        for (var i = 0; i < Length; i++)
        {
            var pair = (_state[i] & 0x80000000) | (_state[(i + 1) % Length] & 0x7FFFFFFF);
            _state[i] = _state[(i + 397) % Length] ^ (pair >> 1) ^ ((pair & 1) * 0x9908B0DF);
        }

        _next = 0;
    }
}
