using Diffusion.Tool.Shards;

namespace Microsoft.ML.Diffusion.Tests.Tool;

[TestClass]
public sealed class ShardCutTests
{
    [TestMethod]
    [DataRow(1_000_000_000, 1000, 100_000, 10_000, 10_000)]
    [DataRow(41, 4, 4, 10, 11)]
    [DataRow(25_000, 2, 4, 6250, 6250)]
    [DataRow(10_001, 1, 2, 5000, 5001)]
    [DataRow(int.MaxValue, 1, 214_749, 9999, 10_000)]
    [DataRow(7, 7, 7, 1, 1)]
    public void Cut_Folders_AreAsEqualAsCanBe(int images, int shards, int folders, int fewest, int most)
    {
        var cut = new ShardCut(images, shards);

        var counts = new[] { 0, 1, folders / 2, folders - 1 }.Where(folder => folder < folders).Select(folder => cut[folder].Count).ToArray();

        Assert.AreEqual(folders, cut.Folders);
        Assert.IsTrue(Array.TrueForAll(counts, count => count >= fewest && count <= most), string.Join(", ", counts));
    }

    [TestMethod]
    public void Cut_AnyNumbers_LeaveNoGapAndNoOverlap()
    {
        var random = new Random(3);
        for (var trial = 0; trial < 300; trial++)
        {
            var images = random.Next(1, trial % 2 == 0 ? 100 : 3_000_000);
            var cut = new ShardCut(images, random.Next(1, Math.Min(images, 200) + 1));
            var end = 0L;
            for (var shard = 0; shard < cut.Shards; shard++)
            {
                foreach (var folder in cut.FoldersOf(shard))
                {
                    var range = cut[folder];
                    Assert.AreEqual((end, shard), (range.First, cut.ShardOf(folder)), $"{cut}");
                    Assert.IsTrue(range.Count is > 0 and <= ShardCut.MostImages, $"{cut}: {range}");
                    end += range.Count;
                }
            }

            Assert.AreEqual(images, end, $"{cut}");
        }
    }

    [TestMethod]
    [DataRow("shard-00003", 3)]
    [DataRow("shard-123456", 123_456)]
    [DataRow("shard-3", null)]
    [DataRow("shard-0000003", null)]
    [DataRow("shard--0003", null)]
    [DataRow("shard-00003.old", null)]
    public void NumberOf_Name_IsItsOwnNumberOnly(string name, int? number) => Assert.AreEqual(number, ShardCut.NumberOf(name));
}
