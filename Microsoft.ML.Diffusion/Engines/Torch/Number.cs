using TorchSharp;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>A number that a tensor is computed with, whole or with a fraction: with a whole number, integers stay integers.</summary>
internal readonly struct Number
{
    private readonly long _whole;
    private readonly double _real;
    private readonly bool _isReal;

    private Number(long whole) => _whole = whole;

    private Number(double real) => (_real, _isReal) = (real, true);

    public static implicit operator Number(long value) => new(value);

    public static implicit operator Number(double value) => new(value);

    /// <summary>The number as libtorch takes it; the caller disposes of it, after the call that it is for.</summary>
    public Scalar ToScalar() => _isReal ? _real.ToScalar() : _whole.ToScalar();
}
