using System.Globalization;
using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Tests.Evaluation;

/// <summary>Matrices of random sizes whose singular values are known, because reflections of both sides do not change them.</summary>
internal sealed class SpectrumCases(int seed)
{
    /// <summary>How far a value may be off, of the largest: rounding of 2^-53 in some hundred reflections.</summary>
    public const double Tolerance = 2e-14;

    private readonly NormalRows _numbers = new(seed);
    private readonly Random _random = new(seed);

    /// <summary>Prints what is off; returns how many were.</summary>
    public static int Run(int count)
    {
        var (cases, wrong, largest) = (new SpectrumCases(seed: 0), 0, 0.0);
        for (var i = 0; i < count; i++)
        {
            var (name, error) = cases.Next();
            largest = Math.Max(largest, error);
            if (!(error < Tolerance))
            {
                wrong++;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}: off by {error:G3}"));
            }
        }

        Console.WriteLine(
            string.Create(CultureInfo.InvariantCulture, $"{count} matrices, {wrong} beyond {Tolerance:G3}, the worst {largest:G3}"));
        return wrong;
    }

    /// <summary>Computes the values of the next matrix, and the largest error relative to the largest of them.</summary>
    public (string Name, double Error) Next()
    {
        var n = _random.Next(1, 60);
        var m = n + _random.Next(0, 30);
        var kind = _random.Next(5);
        var scale = Math.Pow(10, _random.Next(-60, 60));
        double[] values = [.. Enumerable.Range(0, n).Select(i => scale * Value(kind, i, n))];

        var found = SingularValues.Of(Matrix(m, values));

        Array.Sort(values);
        Array.Sort(found);
        var error = values.Zip(found, (value, other) => Math.Abs(value - other)).Max();
        return ($"{m}x{n} of kind {kind} times {scale:G2}", error == 0 ? 0 : error / values[^1]);
    }

    /// <summary>A matrix of so many rows with given singular values.</summary>
    public double[][] Matrix(int rows, double[] values)
    {
        double[][] matrix =
            [.. Enumerable.Range(0, rows).Select(i => Enumerable.Range(0, values.Length).Select(j => i == j ? values[j] : 0).ToArray())];
        for (var i = 0; i < 2; i++)
        {
            Reflect(matrix, Direction(rows), Direction(values.Length));
        }

        return matrix;
    }

    // Random, repeated, without full rank, graded, and all 0 but one.
    private double Value(int kind, int i, int n) => kind switch
    {
        0 => _random.NextDouble(),
        1 => 1 + (i / 5),
        2 => i < n / 2 ? 0 : _random.NextDouble(),
        3 => Math.Pow(10, -i),
        _ => i == 0 ? 1 : 0,
    };

    private double[] Direction(int length)
    {
        double[] values = [.. Enumerable.Range(0, length).Select(_ => _numbers.Next())];
        var norm = Math.Sqrt(values.Sum(value => value * value));
        return Array.ConvertAll(values, value => value / norm);
    }

    private static void Reflect(double[][] matrix, double[] u, double[] v)
    {
        var along = new double[v.Length];
        for (var i = 0; i < u.Length; i++)
        {
            for (var j = 0; j < v.Length; j++)
            {
                along[j] += 2 * u[i] * matrix[i][j];
            }
        }

        for (var i = 0; i < u.Length; i++)
        {
            double[] row = [.. matrix[i].Select((value, j) => value - (u[i] * along[j]))];
            var dot = row.Zip(v, (value, other) => value * other).Sum();
            matrix[i] = [.. row.Select((value, j) => value - (2 * dot * v[j]))];
        }
    }
}
