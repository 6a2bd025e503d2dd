using Microsoft.ML.Diffusion.Networks.Kernels;

namespace Microsoft.ML.Diffusion.Tests.Networks.Kernels;

[TestClass]
public sealed unsafe class MatrixKernelTests
{
    [TestMethod]
    [DataRow(8, 16, 1, false, true)]
    [DataRow(8, 16, 1, false, false)]
    [DataRow(24, 48, 37, false, true)]
    [DataRow(24, 48, 37, false, false)]
    [DataRow(16, 32, 20, true, true)]
    [DataRow(16, 32, 20, true, false)]
    public void Multiply_EitherOrderOfA_EqualsTheDefinition(int rows, int columns, int depth, bool adds, bool wide)
    {
        var random = new Random(5);
        float[] a = Draw(random, rows * depth), b = Draw(random, depth * columns), start = Draw(random, rows * columns);
        var transposed = new float[a.Length];
        for (var i = 0; i < rows; i++)
        {
            for (var k = 0; k < depth; k++)
            {
                transposed[(k * rows) + i] = a[(i * depth) + k];
            }
        }

        var byRows = Multiply(a, depth, 1, b, start, rows, columns, depth, adds, wide);
        var byColumns = Multiply(transposed, 1, rows, b, start, rows, columns, depth, adds, wide);

        CollectionAssert.AreEqual(byRows, byColumns);
        for (var i = 0; i < rows; i++)
        {
            for (var j = 0; j < columns; j++)
            {
                var expected = adds ? (double)start[(i * columns) + j] : 0;
                for (var k = 0; k < depth; k++)
                {
                    expected += (double)a[(i * depth) + k] * b[(k * columns) + j];
                }

                Assert.AreEqual(expected, byRows[(i * columns) + j], 1e-5, $"({i}, {j})");
            }
        }
    }

    private static float[] Multiply(
        float[] a,
        int rowStride,
        int depthStride,
        float[] b,
        float[] start,
        int rows,
        int columns,
        int depth,
        bool adds,
        bool wide)
    {
        float[] c = [.. start];
        fixed (float* pa = a, pb = b, pc = c)
        {
            MatrixKernel.Multiply(pa, rowStride, depthStride, pb, pc, rows, columns, depth, adds, wide);
        }

        return c;
    }

    private static float[] Draw(Random random, int count) =>
        [.. Enumerable.Range(0, count).Select(_ => (float)((2 * random.NextDouble()) - 1))];
}
