using CsCheck;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>What options take, SaveModel writes, and what it writes, LoadModel reads.</summary>
[TestClass]
public sealed class SavedOptionsTests
{
    private const int Cases = 60;
    private const string Seed = "0000KYe7bkI2"; // the cases are the same in every run

    private readonly MLContext _context = new(seed: 1);
    private string _folder = "";

    [TestInitialize]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("diffusion-").FullName;

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void AnyOptions_AreRefusedOrSavedAndLoaded()
    {
        var taken = 0;

        Gen.Int.Sample(
            number =>
            {
                var (isTaken, failure) = SavedOptions.Try(number, _folder);
                taken += isTaken ? 1 : 0;
                Assert.IsNull(failure, failure);
            },
            seed: Seed,
            iter: Cases,
            threads: 1);

        Assert.IsGreaterThan(Cases / 5, taken);
        Assert.IsLessThan(Cases * 4 / 5, taken);
    }

    private static byte[] RandomBytes(Random random, int count)
    {
        var bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }

    [TestMethod]
    public void SaveModel_FileThatLoadModelWouldRefuse_KeepsTheOldOne()
    {
        var path = Path.Combine(_folder, "model.zip");
        File.WriteAllText(path, "old");
        var random = new Random(1);
        var names = Enumerable.Range(0, 5_000).Select(_ => new { Class = Convert.ToHexString(RandomBytes(random, 1_000)) }).ToList();
        var rows = Pictures.Rows(_context);
        var keyed = _context.Transforms.Conversion.MapValueToKey("Other", "Class", keyData: _context.Data.LoadFromEnumerable(names)).Fit(rows).Transform(rows);
        using var model = _context.Diffusion.LoadDiffusionModel(SavedModel.Model);

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => _context.Diffusion.SaveModel(model, keyed.Schema, path));

        StringAssert.StartsWith(error.Message, "The pipeline is not saved, because LoadModel would refuse the file: ");
        Assert.AreEqual("old", File.ReadAllText(path));
    }
}
