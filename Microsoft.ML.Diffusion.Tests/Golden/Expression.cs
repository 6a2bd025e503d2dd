using System.Globalization;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>
/// A model given as text: numbers, + - * / ^, parentheses, sin cos tanh, x (element-wise) and one more variable, t or sigma.
/// </summary>
/// <remarks>Numbers without x stay double and 0-dimensional, so that a float32 x rounds only where the reference did.</remarks>
internal sealed partial class Expression
{
    private readonly string _text;
    private readonly string[] _tokens;

    public Expression(string text)
    {
        _text = text;
        _tokens = [.. Token().Matches(text).Select(match => match.Value)];
        if (string.Concat(_tokens) != string.Concat(text.Where(c => !char.IsWhiteSpace(c))))
        {
            throw new FormatException($"The expression '{text}' has characters outside its grammar.");
        }
    }

    /// <summary>Computes the expression for every element of <paramref name="x"/>, in its shape and type.</summary>
    public Tensor Evaluate(Tensor x, string variable, double value)
    {
        using var scope = NewDisposeScope();
        var evaluation = new Evaluation(this, x, variable, value);
        return evaluation.Result().to(x.dtype).expand(x.shape).alias().MoveToOuterDisposeScope();
    }

    public override string ToString() => _text;

    [GeneratedRegex(@"(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[A-Za-z_]\w*|[-+*/^()]", RegexOptions.ExplicitCapture)]
    private static partial Regex Token();

    /// <summary>Recursive descent, one method for each rank of operators, from loosest to tightest.</summary>
    private sealed class Evaluation(Expression expression, Tensor x, string variable, double value)
    {
        private int _position;

        private string Next => _position < expression._tokens.Length ? expression._tokens[_position] : "";

        public Tensor Result()
        {
            var result = Sum();
            return Next.Length == 0 ? result : throw Unexpected();
        }

        private Tensor Sum()
        {
            var sum = Product();
            while (Next is "+" or "-")
            {
                sum = Take() == "+" ? sum + Product() : sum - Product();
            }

            return sum;
        }

        private Tensor Product()
        {
            var product = Signed();
            while (Next is "*" or "/")
            {
                product = Take() == "*" ? product * Signed() : product / Signed();
            }

            return product;
        }

        // A sign is looser than a power: -x^2 is -(x^2).
        private Tensor Signed()
        {
            if (Next is "-" or "+")
            {
                return Take() == "-" ? -Signed() : Signed();
            }

            return Power();
        }

        private Tensor Power()
        {
            var power = Atom();
            if (Next == "^")
            {
                Take();
                power = power.pow(Signed()); // the right side again a power: 2^3^2 is 2^9
            }

            return power;
        }

        private Tensor Atom()
        {
            var token = Take();
            if (double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
            {
                return tensor(number, ScalarType.Float64);
            }

            return token switch
            {
                "(" => Closed(),
                "sin" => Argument().sin(),
                "cos" => Argument().cos(),
                "tanh" => Argument().tanh(),
                "x" => x,
                _ when token == variable => tensor(value, ScalarType.Float64),
                _ => throw Unexpected(-1),
            };
        }

        private Tensor Argument() => Take() == "(" ? Closed() : throw Unexpected(-1);

        private Tensor Closed()
        {
            var inner = Sum();
            return Take() == ")" ? inner : throw Unexpected(-1);
        }

        private string Take()
        {
            var token = Next;
            _position++;
            return token;
        }

        private FormatException Unexpected(int offset = 0) =>
            new($"The expression '{expression}' breaks its grammar at token {_position + offset + 1}.");
    }
}
