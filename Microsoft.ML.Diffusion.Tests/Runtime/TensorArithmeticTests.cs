using Microsoft.ML.Diffusion.Engines.Torch;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

[TestClass]
public class TensorArithmeticTests
{
    private static readonly string[] _allowed =
    [
        $"{nameof(Number)}.{nameof(Number.ToScalar)} calls {nameof(ScalarExtensionMethods)}.{nameof(ScalarExtensionMethods.ToScalar)}",
        $"{nameof(TensorArithmetic)}..cctor calls {nameof(ScalarExtensionMethods)}.{nameof(ScalarExtensionMethods.ToScalar)}",
        $"{nameof(TensorArithmetic)}.Value calls {nameof(ScalarExtensionMethods)}.{nameof(ScalarExtensionMethods.ToDouble)}",
    ];

    [TestMethod]
    public void Library_AllCode_LeavesNoScalarToTorchSharp()
    {
        var calls = ScalarScan.Find(typeof(DiffusionTransformer).Assembly);

        CollectionAssert.AreEquivalent(_allowed, calls.ToArray(), $"use TensorArithmetic for these: {string.Join("; ", calls.Except(_allowed))}");
    }

    [TestMethod]
    [DataRow(nameof(Sum))]
    [DataRow(nameof(Product))]
    [DataRow(nameof(Accumulated))]
    [DataRow(nameof(Bounded))]
    [DataRow(nameof(Squared))]
    [DataRow(nameof(Read))]
    public void Scan_CallThatMakesAScalar_IsFound(string name) =>
        Assert.HasCount(
            1,
            ScalarScan.Find(
                typeof(TensorArithmeticTests).GetMethod(
                    name,
                    System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Static)!)
                .Distinct()
                .ToArray());

    /// <summary>With TorchSharp's operators this ends, within a second, with the exception "Expected false to be true, but got false".</summary>
    [TestMethod]
    public void Arithmetic_GarbageCollectedAllTheTime_IsRight()
    {
        using var isDone = new ManualResetEventSlim();
        var collector = new Thread(() =>
        {
            while (!isDone.Wait(0))
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            using var scope = NewDisposeScope();
            var (x, y) = (ones(1_000_000), ones(1_000_000, ScalarType.Float64)); // a sum of two types reads its scalar late
            for (var i = 0; i < 200; i++)
            {
                using var inner = NewDisposeScope();
                Assert.AreEqual(3, x.Plus(y).Plus(1)[i].item<double>());
                Assert.AreEqual(1.5, x.Times(2).Minus(0.5)[i].item<float>());
                Assert.AreEqual(i + 0.25, x.Over(4).Clamped(0, 1).Plus(i)[i].item<float>());
            }
        }
        finally
        {
            isDone.Set();
            collector.Join();
        }
    }

    [TestMethod]
    public void Operations_SmallTensor_AreThoseOfTheirNames()
    {
        using var scope = NewDisposeScope();
        var (x, y) = (tensor(new[] { -1f, 2f, 3f }), tensor(new[] { 4f, 5f, 6f }));
        AreEqual([3, 7, 9], x.Plus(y));
        AreEqual([-0.5f, 2.5f, 3.5f], x.Plus(0.5));
        AreEqual([-3, 0, 1], x.Minus(2));
        AreEqual([-2, 4, 6], x.Times(2));
        AreEqual([-0.5f, 1, 1.5f], x.Over(2));
        AreEqual([2, -1, -2], x.Complement());
        AreEqual([-1, 8, 27], x.Power(3));
        AreEqual([1, 2, 3], x.AtLeast(1));
        AreEqual([-1, 2, 2], x.AtMost(2));
        AreEqual([0, 2, 2.5f], x.Clamped(0, 2.5));
        AreEqual([1, 0, 0], x.IsBelow(2));
        AreEqual([0, 0, 1], x.IsAbove(2));
        Assert.AreEqual(3, x[2].Value());

        AreEqual([3, 7, 9], x.clone().Add(y));
        AreEqual([1, 4.5f, 6], x.clone().Add(y, 0.5));
        AreEqual([0, 3, 4], x.clone().Add(1));
        AreEqual([3, -8, -15], x.clone().AddProduct(x, y, -1));
        AreEqual([7, 12, 15], x.clone().AddQuotient(y.Times(2), tensor(1f), 1));
        AreEqual([7, 7, 7], x.clone().Fill(7));
        AreEqual([-1, 7, 7], x.clone().Fill(x.IsAbove(0), 7));

        static void AreEqual(float[] expected, Tensor actual) =>
            CollectionAssert.AreEqual(expected, actual.to(ScalarType.Float32).data<float>().ToArray());
    }

    [TestMethod]
    public void Operations_Integers_StayIntegersWithAWholeNumber()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new[] { 1L, 2L });
        Assert.AreEqual(ScalarType.Int64, x.Times(2).dtype);
        Assert.AreEqual(ScalarType.Int64, x.Plus(2).AtLeast(0).dtype);
        Assert.AreEqual(ScalarType.Float32, x.Times(0.5).dtype);
    }

    private static Tensor Sum(Tensor x, Tensor y) => x + y;

    private static Tensor Product(Tensor x) => 0.5 * x;

    private static Tensor Accumulated(Tensor x, Tensor y) => x.add_(y);

    private static Tensor Bounded(Tensor x) => x.clamp(min: 1);

    private static Tensor Squared(Tensor x) => x.square();

    private static double Read(Tensor x) => x.ToDouble();
}
