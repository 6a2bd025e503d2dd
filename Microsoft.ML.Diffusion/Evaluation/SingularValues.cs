using System.Numerics.Tensors;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>The singular values of a matrix: reflections make it bidiagonal (Golub and Kahan 1965), row by row in memory.</summary>
internal static class SingularValues
{
    private const int RowsOfAPart = 64; // for other threads to be worth their start

    /// <summary>All of them, 0 included, in no order; each exact to rounding of the largest.</summary>
    /// <param name="matrix">[m][n] with m at least n, at least 1; overwritten.</param>
    public static double[] Of(double[][] matrix)
    {
        var n = matrix[0].Length;
        var sides = new double[(2 * n) - 1]; // diagonal 0, beside it 0, diagonal 1, ...
        var (left, weights, right) = (new double[matrix.Length], new double[n], new double[n]);
        for (var k = 0; k < n; k++)
        {
            for (var i = k; i < matrix.Length; i++)
            {
                left[i] = matrix[i][k];
            }

            sides[2 * k] = Reflector(left.AsSpan(k));
            if (k + 1 < n)
            {
                Weigh(matrix, left, weights, k);
                TensorPrimitives.MultiplyAdd(weights.AsSpan(k + 1), -left[k], matrix[k].AsSpan(k + 1), matrix[k].AsSpan(k + 1));
                matrix[k].AsSpan(k + 1).CopyTo(right.AsSpan(k + 1));
                sides[(2 * k) + 1] = Reflector(right.AsSpan(k + 1));
                Reflect(matrix, left, weights, right, k);
            }
        }

        // With zeros on its diagonal and these beside it, a symmetric matrix has the values and their negatives as eigenvalues.
        var eigenvalues = TridiagonalEigenvalues.Of(new double[2 * n], sides);
        Array.Sort(eigenvalues);
        return Array.ConvertAll(eigenvalues[n..], value => Math.Max(0, value));
    }

    // Makes v of a vector x, with (1 - v v^T) x along the first axis; returns what x becomes there.
    private static double Reflector(Span<double> x)
    {
        var largest = Math.Abs(TensorPrimitives.MaxMagnitude<double>(x));
        if (largest == 0)
        {
            return 0; // and v = 0 reflects nothing
        }

        TensorPrimitives.Divide(x, largest, x); // whose squares neither overflow nor vanish
        var norm = Math.CopySign(TensorPrimitives.Norm<double>(x), x[0]);
        x[0] += norm;
        TensorPrimitives.Divide(x, Math.Sqrt(norm * x[0]), x);
        return -norm * largest;
    }

    // v^T A, right of column k: each thread has columns of its own, summed in the order of rows.
    private static void Weigh(double[][] matrix, double[] left, double[] weights, int k)
    {
        Share(k + 1, weights.Length, matrix.Length - k, (first, end) =>
        {
            var sum = weights.AsSpan(first, end - first);
            sum.Clear();
            for (var i = k; i < matrix.Length; i++)
            {
                TensorPrimitives.MultiplyAdd(matrix[i].AsSpan(first, end - first), left[i], sum, sum);
            }
        });
    }

    // Both reflections of the rows below k, right of column k.
    private static void Reflect(double[][] matrix, double[] left, double[] weights, double[] right, int k)
    {
        Share(k + 1, matrix.Length, weights.Length - k, (first, end) =>
        {
            var w = weights.AsSpan(k + 1);
            var v = right.AsSpan(k + 1);
            for (var i = first; i < end; i++)
            {
                var row = matrix[i].AsSpan(k + 1);
                TensorPrimitives.MultiplyAdd(w, -left[i], row, row);
                TensorPrimitives.MultiplyAdd(v, -TensorPrimitives.Dot<double>(row, v), row, row);
            }
        });
    }

    private static void Share(int first, int end, int other, Action<int, int> work)
    {
        var parts = Math.Min(Environment.ProcessorCount, (end - first) / RowsOfAPart);
        if (parts < 2 || other < RowsOfAPart)
        {
            work(first, end);
            return;
        }

        Parallel.For(0, parts, part => work(
            first + (int)((long)(end - first) * part / parts),
            first + (int)((long)(end - first) * (part + 1) / parts)));
    }
}
