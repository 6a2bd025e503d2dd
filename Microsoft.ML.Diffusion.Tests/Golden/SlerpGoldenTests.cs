using System.Numerics;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary><c>interpolation.safetensors</c>: paths between vectors at every kind of angle, computed with 60 digits.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class SlerpGoldenTests
{
    private const string FileName = "interpolation.safetensors";

    public static IEnumerable<object[]> Paths
    {
        get
        {
            using var file = SafetensorsFile.Open(GoldenFolder.File(FileName));
            return [.. file.Tensors.Where(tensor => tensor.Name.EndsWith("lerp", StringComparison.Ordinal))
                .Select(tensor => new object[] { tensor.Name })];
        }
    }

    /// <summary>All but circles between opposite ends: rounded to float32 these have another angle, by a part of it that matters.</summary>
    public static IEnumerable<object[]> PathsInSingle => Paths.Where(row =>
        !((string)row[0]).EndsWith(".slerp", StringComparison.Ordinal)
            || !IsNearlyOpposite(Compute((string)row[0], isSingle: false).Angle));

    [TestMethod]
    [DynamicData(nameof(Paths))]
    public void Path_RecordedEnds_GivesEveryPointInDouble(string path)
    {
        var (expected, actual, angle) = Compute(path, isSingle: false);

        // Close to 180 degrees the weights grow with 1 / sin(theta), and the error of theta with them.
        var tolerance = IsNearlyOpposite(angle) ? 1e-8 : 1e-12;
        GoldenAssert.AreClose(expected, actual, path, tolerance);
        GoldenAssert.Fails(() => GoldenAssert.AreClose(GoldenAssert.Changed(expected, 1e-7), actual, path, tolerance), path);
    }

    [TestMethod]
    [DynamicData(nameof(PathsInSingle))]
    public void Path_RecordedEnds_GivesEveryPointInSingle(string path)
    {
        var (expected, actual, angle) = Compute(path, isSingle: true);
        // Where float32 cannot tell the angle from 0 the path is a straight line, which loses nothing.
        var tolerance = angle < 1e-4 ? 1e-6 : 2e-5;
        GoldenAssert.AreClose(expected, actual, path, tolerance);
        GoldenAssert.Fails(() => GoldenAssert.AreClose(GoldenAssert.Changed(expected, 1e-4), actual, path, tolerance), path);
    }

    [TestMethod]
    public void Path_EndsOfAnotherLength_AreRefused() =>
        Assert.ThrowsExactly<ArgumentException>(() => Slerp.Spherical<double>([1, 2], [1], 0.5));

    private static (double[] Expected, double[] Actual, double Angle) Compute(string path, bool isSingle)
    {
        using var file = SafetensorsFile.Open(GoldenFolder.File(FileName));
        var name = path[..path.LastIndexOf('.')];
        var (z1, z2) = (file[$"{name}.z1"].ToDoubles(), file[$"{name}.z2"].ToDoubles());
        double[] points =
            [.. file["alphas"].ToDoubles().SelectMany(alpha => isSingle
                ? Array.ConvertAll(Point(path, Singles(z1), Singles(z2), alpha), value => (double)value)
                : Point(path, z1, z2, alpha))];
        return (file[path].ToDoubles(), points, Angle(z1, z2));
    }

    private static T[] Point<T>(string path, T[] z1, T[] z2, double alpha)
        where T : IFloatingPointIeee754<T> =>
        path.EndsWith(".slerp", StringComparison.Ordinal) ? Slerp.Spherical<T>(z1, z2, alpha) : Slerp.Linear<T>(z1, z2, alpha);

    private static float[] Singles(double[] values) => Array.ConvertAll(values, value => (float)value);

    private static bool IsNearlyOpposite(double angle) => Math.PI - angle < 0.01;

    // Half of the angle by its tangent: unlike the arc cosine it tells 1e-7 from 0.
    private static double Angle(double[] z1, double[] z2)
    {
        var (n1, n2) = (Math.Sqrt(z1.Sum(u => u * u)), Math.Sqrt(z2.Sum(v => v * v)));
        var difference = z1.Zip(z2, (u, v) => Math.Pow((u / n1) - (v / n2), 2)).Sum();
        var sum = z1.Zip(z2, (u, v) => Math.Pow((u / n1) + (v / n2), 2)).Sum();
        return 2 * Math.Atan2(Math.Sqrt(difference), Math.Sqrt(sum));
    }
}
