namespace Microsoft.ML.Diffusion.Tests.Exact;

/// <summary>How fast deterministic samplers, and the walk upward, come to the exact flow of the mixture when steps are doubled.</summary>
[TestClass]
public sealed class FlowOrderTests
{
    private static FlowErrors _errors = null!;

    [ClassInitialize]
    public static void Solve(TestContext context) => _errors = new FlowErrors();

    [TestMethod]
    [DataRow("ddim", 0.9)]
    [DataRow("2m", 1.6)]
    [DataRow("unipc of order 2", 2.2)]
    [DataRow("unipc of order 3", 3)]
    [DataRow("heun", 1.8)]
    public void Sample_BeforeTheLastJump_HasItsOrder(string name, double order)
    {
        Sampler sampler = name switch
        {
            "ddim" => new DdimSampler(),
            "2m" => new DpmSolverSampler(),
            "unipc of order 2" => new UniPcSampler(),
            "unipc of order 3" => new UniPcSampler(order: 3),
            _ => new HeunSampler(),
        };

        AssertOrder(order, steps => _errors.Generating(sampler, steps));
    }

    [TestMethod]
    public void Encode_AtTheLowerLevel_IsOfFirstOrder() =>
        AssertOrder(0.9, steps => _errors.Encoding(InversionLevel.Lower, TimestepSubset.LogSnr(steps)));

    [TestMethod]
    public void Encode_EvenLogSnr_IsFurtherOffAtTheUpperLevel()
    {
        foreach (var steps in FlowErrors.Steps)
        {
            Assert.IsLessThan(
                _errors.Encoding(InversionLevel.Upper, TimestepSubset.LogSnr(steps)) / 1.4,
                _errors.Encoding(InversionLevel.Lower, TimestepSubset.LogSnr(steps)),
                $"{steps} steps");
        }
    }

    [TestMethod]
    public void Decode_OnTheCosineSchedule_EndsNearerAfterTheLowerLevel()
    {
        foreach (var timesteps in (TimestepSubset[])[TimestepSubset.Trailing(20), TimestepSubset.Trailing(50), TimestepSubset.LogSnr(50)])
        {
            Assert.IsLessThan(
                _errors.RoundTrip(InversionLevel.Upper, timesteps),
                _errors.RoundTrip(InversionLevel.Lower, timesteps),
                $"{timesteps}");
        }
    }

    private static void AssertOrder(double order, Func<int, double> error)
    {
        double[] errors = [.. FlowErrors.Steps.Select(error)];

        Assert.IsGreaterThanOrEqualTo(order, -ExactRun.Slope(FlowErrors.Steps, errors), string.Join(", ", errors));
    }
}
