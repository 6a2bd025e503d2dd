using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Engines.Torch;

/// <summary>
/// Tensors with numbers, and sums of tensors. TorchSharp's operators hand libtorch the pointer of a scalar that nothing holds: a garbage collection
/// at that moment frees it, and libtorch reads what is there by then. Here each scalar lives until its call has returned. A sum of two tensors has
/// such a scalar too, the factor 1 of its second term.
/// </summary>
internal static class TensorArithmetic
{
    private static readonly Scalar _one = 1L.ToScalar();

    extension(Tensor x)
    {
        /// <summary>x + y.</summary>
        public Tensor Plus(Tensor y) => x.add(y, _one);

        /// <summary>x + number.</summary>
        [OverloadResolutionPriority(1)] // a number turns into a tensor as well
        public Tensor Plus(Number number)
        {
            using var scalar = number.ToScalar();
            return x.add(scalar, _one);
        }

        /// <summary>x - number.</summary>
        public Tensor Minus(Number number)
        {
            using var scalar = number.ToScalar();
            return x.sub(scalar);
        }

        /// <summary>number * x.</summary>
        public Tensor Times(Number number)
        {
            using var scalar = number.ToScalar();
            return x.mul(scalar);
        }

        /// <summary>x / number.</summary>
        public Tensor Over(Number number)
        {
            using var scalar = number.ToScalar();
            return x.div(scalar);
        }

        /// <summary>1 - x.</summary>
        public Tensor Complement() => x.negative().add(_one, _one);

        /// <summary>x^exponent.</summary>
        public Tensor Power(Number exponent)
        {
            using var scalar = exponent.ToScalar();
            return x.pow(scalar);
        }

        /// <summary>x, and the bound where it is below.</summary>
        public Tensor AtLeast(Number bound)
        {
            using var scalar = bound.ToScalar();
            return x.clamp(min: scalar);
        }

        /// <summary>x, and the bound where it is above.</summary>
        public Tensor AtMost(Number bound)
        {
            using var scalar = bound.ToScalar();
            return x.clamp(max: scalar);
        }

        /// <summary>x between two bounds, and the bound elsewhere.</summary>
        public Tensor Clamped(Number lowest, Number highest)
        {
            using var lower = lowest.ToScalar();
            using var upper = highest.ToScalar();
            return x.clamp(lower, upper);
        }

        /// <summary>Whether x &lt; number.</summary>
        public Tensor IsBelow(Number number)
        {
            using var scalar = number.ToScalar();
            return x.lt(scalar);
        }

        /// <summary>Whether x &gt; number.</summary>
        public Tensor IsAbove(Number number)
        {
            using var scalar = number.ToScalar();
            return x.gt(scalar);
        }

        /// <summary>x += y.</summary>
        public Tensor Add(Tensor y) => x.add_(y, _one);

        /// <summary>x += factor * y.</summary>
        public Tensor Add(Tensor y, Number factor)
        {
            using var scalar = factor.ToScalar();
            return x.add_(y, scalar);
        }

        /// <summary>x += number.</summary>
        [OverloadResolutionPriority(1)] // a number turns into a tensor as well
        public Tensor Add(Number number)
        {
            using var scalar = number.ToScalar();
            return x.add_(scalar, _one);
        }

        /// <summary>x += factor * y * z.</summary>
        public Tensor AddProduct(Tensor y, Tensor z, Number factor)
        {
            using var scalar = factor.ToScalar();
            return x.addcmul_(y, z, scalar);
        }

        /// <summary>x += factor * y / z.</summary>
        public Tensor AddQuotient(Tensor y, Tensor z, Number factor)
        {
            using var scalar = factor.ToScalar();
            return x.addcdiv_(y, z, scalar);
        }

        /// <summary>x = number.</summary>
        public Tensor Fill(Number number)
        {
            using var scalar = number.ToScalar();
            return x.fill_(scalar);
        }

        /// <summary>x = number, where the mask is set.</summary>
        public Tensor Fill(Tensor mask, Number number)
        {
            using var scalar = number.ToScalar();
            return x.masked_fill_(mask, scalar);
        }

        /// <summary>The value of a tensor of one element; waits for its device.</summary>
        public double Value()
        {
            using var scalar = x.ToScalar();
            return scalar.ToDouble();
        }
    }
}
