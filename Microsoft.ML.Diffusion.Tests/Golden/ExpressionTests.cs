using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Golden;

[TestClass]
public sealed class ExpressionTests
{
    [TestMethod]
    [DataRow("1 + 2*3 - 4/8", 6.5)]
    [DataRow("2*(1 + x)", 3.0)]
    [DataRow("8/2/2", 2.0)]
    [DataRow("1 - 2 - 3", -4.0)]
    [DataRow("2^3^2", 512.0)]
    [DataRow("-x^2", -0.25)]
    [DataRow("2^-1", 0.5)]
    [DataRow("-(-t)", 70.0)]
    [DataRow("1e-2*t + .3", 1.0)]
    public void Evaluate_Operators_BindAsInMathematics(string text, double expected)
    {
        using var x = tensor([0.5]);

        using var value = new Expression(text).Evaluate(x, "t", 70);

        Assert.AreEqual(expected, value.item<double>(), 1e-15);
    }

    [TestMethod]
    public void Evaluate_FunctionsOfTensor_AreElementWise()
    {
        using var x = tensor([-1.5, 0.25, 3]);

        using var value = new Expression("x/(1+sigma^2) + 0.1*tanh(x/(1+sigma)) + sin(2*x)*cos(sigma)").Evaluate(x, "sigma", 2);

        double[] expected = [.. x.ToDoubles().Select(u => (u / 5) + (0.1 * Math.Tanh(u / 3)) + (Math.Sin(2 * u) * Math.Cos(2)))];
        GoldenAssert.AreClose(expected, value.ToDoubles(), "value", absolute: 1e-15);
    }

    [TestMethod]
    public void Evaluate_SinglePrecision_KeepsShapeAndType()
    {
        using var x = ones([2, 3], ScalarType.Float32);

        using var mixed = new Expression("0.3*x + sin(t/100)").Evaluate(x, "t", 999);
        using var constant = new Expression("t").Evaluate(x, "t", 999);

        Assert.AreEqual(ScalarType.Float32, mixed.dtype);
        Assert.AreEqual(ScalarType.Float32, constant.dtype);
        CollectionAssert.AreEqual(x.shape, constant.shape);
    }

    [TestMethod]
    [DataRow("1 +")]
    [DataRow("(x")]
    [DataRow("x)")]
    [DataRow("2 x")]
    [DataRow("y")]
    [DataRow("exp(x)")]
    [DataRow("sin x")]
    [DataRow("x % 2")]
    [DataRow("")]
    public void Evaluate_OutsideTheGrammar_IsRefused(string text)
    {
        using var x = tensor([0.5]);

        Assert.ThrowsExactly<FormatException>(() => new Expression(text).Evaluate(x, "t", 1));
    }
}
