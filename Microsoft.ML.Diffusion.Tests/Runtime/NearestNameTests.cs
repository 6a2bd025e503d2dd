using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Runtime;

[TestClass]
public sealed class NearestNameTests
{
    [TestMethod]
    [DataRow("", "", 0)]
    [DataRow("kitten", "sitting", 3)]
    [DataRow("label", "lable", 1)]
    [DataRow("abc", "", 3)]
    [DataRow("ca", "abc", 3)] // of optimal string alignment: no letter is changed twice
    public void Mistakes_AreCounted(string a, string b, int expected)
    {
        Assert.AreEqual(expected, NearestName.Mistakes(a, b));
        Assert.AreEqual(expected, NearestName.Mistakes(b, a));
    }

    [TestMethod]
    [DataRow("sandel", "Sandal")]
    [DataRow("SNEAKER", "Sneaker")]
    [DataRow("Anke boot", "Ankle boot")]
    [DataRow("Bga", "Bag")]
    [DataRow("Boot", null)]
    [DataRow("none", null)]
    [DataRow("x", null)]
    [DataRow("", null)]
    [DataRow(null, null)]
    public void Of_Typed_IsTheOneThatWasMeant(string? typed, string? expected) =>
        Assert.AreEqual(expected, NearestName.Of(typed, ["Ankle boot", "Bag", "Sandal", "Sneaker", "a", ""]));

    [TestMethod]
    public void Question_AndList_AreEndsOfSentences()
    {
        string[] names = [.. Enumerable.Range(10, 25).Select(i => $"name{i}")];

        Assert.AreEqual(" Did you mean 'name12'?", NearestName.Question("nam12", names));
        Assert.AreEqual("", NearestName.Question("other", names));
        Assert.AreEqual("name10, name11", NearestName.List(names[..2]));
        StringAssert.EndsWith(NearestName.List(names), ", name29 and 5 more");
    }
}
