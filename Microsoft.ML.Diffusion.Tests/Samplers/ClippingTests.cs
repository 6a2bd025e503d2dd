using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Samplers;

/// <summary>What becomes of a predicted x_0, by hand and by libtorch.</summary>
[TestClass]
public sealed class ClippingTests
{
    [TestMethod]
    public void Apply_Static_ClampsAndKeepsWhatIsNoNumber() => CollectionAssert.AreEqual(
        new[] { -1.5, -1.5, 0.25, 1.5, 1.5, double.NaN },
        Clipping.Static(1.5).Apply(new Batch([double.NegativeInfinity, -2, 0.25, 1.5, 3, double.NaN], 1)).Values);

    [TestMethod]
    public void Apply_None_IsThePredictionItself()
    {
        var x0 = SamplerInputs.Normal(2);

        Assert.AreSame(x0, Clipping.None.Apply(x0));
    }

    // Sizes 0, 1, 2, 3, 4: the quantile 0.9 is at place 3.6 of 0 to 4.
    [TestMethod]
    [DataRow(1.0, double.PositiveInfinity, 4.0)]
    [DataRow(0.9, double.PositiveInfinity, 3.6)]
    [DataRow(0.9, 2.5, 2.5)]
    [DataRow(0.1, double.PositiveInfinity, 1.0)]
    public void Apply_Dynamic_ScalesByTheQuantileOfEachImage(double ratio, double maximum, double threshold)
    {
        var clipped = Clipping.Dynamic(ratio, maximum).Apply(new Batch([-3, 1, 4, -2, 0, 0.5, -0.5, 0.25, 0, 0.1], 2));

        double[] expected = [.. ((double[])[-3, 1, 4, -2, 0]).Select(value => Math.Clamp(value, -threshold, threshold) / threshold)];
        Assert.IsLessThan(1e-15, new Batch(clipped[0].ToArray(), 1).DistanceTo(new Batch(expected, 1)));
        CollectionAssert.AreEqual(new[] { 0.5, -0.5, 0.25, 0, 0.1 }, clipped[1].ToArray());
    }

    [TestMethod]
    public void Apply_DynamicOfWhatIsNoNumber_IsNoneInThatImageAlone()
    {
        var clipped = Clipping.Dynamic().Apply(new Batch([1, double.NaN, 0.5, 0.25], 2));

        Assert.IsTrue(double.IsNaN(clipped.Values[0]) && double.IsNaN(clipped.Values[1]));
        CollectionAssert.AreEqual(new[] { 0.5, 0.25 }, clipped[1].ToArray());
    }

    [TestMethod]
    public void Apply_AnyKind_IsThatOfTensors()
    {
        using var scope = NewDisposeScope();
        var x0 = Batch.Sum((2, Batches.Normal(20, 300)));

        foreach (var clipping in (Clipping[])[Clipping.Static(0.8), Clipping.Dynamic(), Clipping.Dynamic(0.7, 1.5), Clipping.Dynamic(1)])
        {
            var expected = ByLibTorch(clipping, tensor(x0.Values, [20, 300])).data<double>().ToArray();
            Assert.IsLessThan(1e-14, clipping.Apply(x0).DistanceTo(new Batch(expected, 20)), $"{clipping}");
        }
    }

    private static Tensor ByLibTorch(Clipping clipping, Tensor x0)
    {
        if (clipping.Kind == ClippingKind.Static)
        {
            return x0.clamp(-clipping.Range, clipping.Range);
        }

        var threshold = x0.abs().quantile(tensor(clipping.Ratio, x0.dtype), dim: 1, keepdim: true).clamp(1, Math.Min(clipping.Range, float.MaxValue));
        return minimum(maximum(x0, -threshold), threshold) / threshold;
    }
}
