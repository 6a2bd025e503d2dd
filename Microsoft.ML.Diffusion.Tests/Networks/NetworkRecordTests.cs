namespace Microsoft.ML.Diffusion.Tests.Networks;

/// <summary>Networks are what they were when models and checkpoints were written.</summary>
[TestClass]
public sealed class NetworkRecordTests
{
    public static IEnumerable<object[]> Names => NetworkCases.All.Keys.Select(name => new object[] { name });

    [TestMethod]
    public void Records_AllOfThem_AreOfCases()
    {
        CollectionAssert.IsSubsetOf(NetworkRecords.All.Keys.ToArray(), NetworkCases.All.Keys.ToArray());
    }

    [TestMethod]
    [DynamicData(nameof(Names))]
    public void Network_OfEachOption_IsWhatItWas(string name)
    {
        var actual = NetworkFingerprint.Of(NetworkCases.All[name]);
        Assert.IsTrue(NetworkRecords.All.TryGetValue(name, out var expected), $"A new network: put down in NetworkRecords {actual}");

        Assert.AreEqual(expected with { Numbers = actual.Numbers }, actual);
        for (var i = 0; i < expected.Numbers.Length; i++)
        {
            var scale = Math.Abs(expected.Numbers[i - (i % 2)]); // the norm that a projection belongs to
            Assert.AreEqual(expected.Numbers[i], actual.Numbers[i], 1e-9 * scale, $"number {i}");
        }
    }
}
