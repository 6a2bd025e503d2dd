namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Forward process, reverse step, bound, losses and gradients give the references' numbers.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class LossGoldenTests
{
    private const double DoubleTolerance = 1e-9;   // relative; Golden/data/README.md
    private const double Cancellation = 1e-12;     // of the largest pixel: a difference may come out as close to 0 as it likes
    private const double SingleTolerance = 1e-4;   // relative to the largest number of a tensor, or for sums over pixels to each number
    private const double SingleQuotient = 5e-4;    // x_0 from noise divides by the last sqrt(alpha-bar)
    private const double SingleMass = 1e-5;        // of the decoder's probabilities, whose logarithms lose their digits in the tails

    public static IEnumerable<object[]> Files => LossFile.Files.Select(file => new object[] { file });

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Losses_RecordedInputs_GiveEveryNumberInDouble(string name)
    {
        var file = LossFile.Load(name);
        var actual = LossReplay<double>.Run(file);

        CollectionAssert.AreEquivalent(file.Results.ToArray(), actual.Keys, name);
        foreach (var (tensor, values) in actual)
        {
            var cancellation = file.IsPerPixel(tensor) ? Cancellation * file[tensor].Max(Math.Abs) : 0;
            Compare(file[tensor], values, cancellation, $"{name}: {tensor}");
            GoldenAssert.Fails(() => Compare(Changed(file[tensor]), values, cancellation, tensor), $"{name}: {tensor}");
        }
    }

    [TestMethod]
    [DynamicData(nameof(Files))]
    public void Losses_RecordedInputs_GiveTheNumbersInSingle(string name)
    {
        var file = LossFile.Load(name);

        foreach (var (tensor, values) in LossReplay<float>.Run(file))
        {
            CompareSingle(tensor, file[tensor], values, file.IsPerPixel(tensor), $"{name}: {tensor}");
        }
    }

    [TestMethod]
    public void Files_AreThoseOfTheIndex() => CollectionAssert.AreEquivalent(
        GoldenFolder.ReadJson("losses/index.json")["runs"]!.AsArray().Select(run => run!.Text("file")).ToArray(),
        LossFile.Files.ToArray());

    private static void Compare(double[] expected, double[] actual, double absolute, string what) =>
        GoldenAssert.AreClose(expected, actual, what, absolute, DoubleTolerance);

    private static void CompareSingle(string tensor, double[] expected, double[] actual, bool isPerPixel, string what)
    {
        if (tensor.StartsWith("decoder", StringComparison.Ordinal))
        {
            GoldenAssert.AreClose(Array.ConvertAll(expected, Math.Exp), Array.ConvertAll(actual, Math.Exp), what, absolute: SingleMass);
            return;
        }

        var tolerance = tensor is "xstart_from_eps" ? SingleQuotient : SingleTolerance;
        GoldenAssert.AreClose(expected, actual, what, isPerPixel ? tolerance * expected.Max(Math.Abs) : 1e-7, tolerance);
    }

    // Ten times the tolerance away, at the largest number: the middle one may be 0.
    private static double[] Changed(double[] values)
    {
        var changed = values.ToArray();
        changed[Array.IndexOf(changed, changed.MaxBy(Math.Abs))] *= 1 + (10 * DoubleTolerance);
        return changed;
    }
}
