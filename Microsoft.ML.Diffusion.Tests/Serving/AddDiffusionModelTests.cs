using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>A model as a service of an application.</summary>
[TestClass]
public sealed class AddDiffusionModelTests
{
    [TestMethod]
    public async Task AddDiffusionModel_File_IsOneGeneratorOfItsModel()
    {
        await using var provider = new ServiceCollection().AddDiffusionModel(Garments.ModelPath).BuildServiceProvider();
        using var model = new MLContext().Diffusion.LoadDiffusionModel(Garments.ModelPath);
        var sampler = new DdimSampler(1);

        var generator = provider.GetRequiredService<BatchingGenerator>();
        using var image = await generator.GenerateAsync(new ImageRequest { ClassName = "Bag", Seed = 4, Sampler = sampler });

        Assert.AreSame(generator, provider.GetRequiredService<BatchingGenerator>());
        using var expected = model.Generate(["Bag"], new GenerationOptions { Seed = 4, Sampler = sampler })[0];
        CollectionAssert.AreEqual(expected.Pixels.ToArray(), image.Pixels.ToArray());
        Assert.AreEqual(model.Digest, generator.Model.Digest);
    }

    [TestMethod]
    public async Task Dispose_OfTheServices_FreesGeneratorAndModel()
    {
        var provider = new ServiceCollection().AddDiffusionModel(Garments.ModelPath).BuildServiceProvider();
        var generator = provider.GetRequiredService<BatchingGenerator>();

        await provider.DisposeAsync();

        await Assert.ThrowsExactlyAsync<ObjectDisposedException>(() => generator.GenerateAsync(new ImageRequest()));
        Assert.ThrowsExactly<ObjectDisposedException>(() => generator.Model.Generate(1));
    }

    [TestMethod]
    public void AddDiffusionModel_Keys_TellModelsApart()
    {
        using var folder = new TemporaryFolder();
        var tiny = folder.File("tiny.zip");
        using (var trained = TinyModel.Train())
        {
            new MLContext().Diffusion.SaveModel(trained, null, tiny);
        }

        using var provider =
            new ServiceCollection()
                .AddDiffusionModel(Garments.ModelPath)
                .AddDiffusionModel(tiny, options => options with { QueueLimit = 1 }, serviceKey: "tiny")
                .BuildServiceProvider();

        Assert.AreEqual(Garments.Side, provider.GetRequiredService<BatchingGenerator>().Model.ImageWidth);
        Assert.AreEqual(Pictures.Side, provider.GetRequiredKeyedService<BatchingGenerator>("tiny").Model.ImageWidth);
    }

    [TestMethod]
    [DataRow(null, "There is a model without a serviceKey already. Give each a key of its own, which tells them apart.")]
    [DataRow("bags", "There is a model of the serviceKey 'bags' already. Give each a key of its own, which tells them apart.")]
    public void AddDiffusionModel_SecondOfAKey_IsRefused(string? key, string message)
    {
        var services = new ServiceCollection().AddDiffusionModel(Garments.ModelPath, serviceKey: key);

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => services.AddDiffusionModel(Garments.ModelPath, serviceKey: key));

        Assert.AreEqual(message, error.Message);
    }

    [TestMethod]
    public void AddDiffusionModel_FileThatIsNone_IsRefusedAtOnce()
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("model.zip", [1, 2, 3]);
        var services = new ServiceCollection();

        StringAssert.StartsWith(
            Assert.ThrowsExactly<FormatException>(() => services.AddDiffusionModel(path)).Message,
            $"The model {path} cannot be used: ");
        Assert.ThrowsExactly<FileNotFoundException>(() => services.AddDiffusionModel(folder.File("missing.zip")));
        Assert.ThrowsExactly<ArgumentOutOfRangeException>(
            () => services.AddDiffusionModel(Garments.ModelPath, options => options with { QueueLimit = 0 }));
        Assert.IsEmpty(services);
    }

    [TestMethod]
    public void Digest_IsThatOfWeightsAndSettings()
    {
        using var folder = new TemporaryFolder();
        var mlContext = new MLContext();
        using var model = mlContext.Diffusion.LoadDiffusionModel(Garments.ModelPath);
        using var trained = TinyModel.Train();
        var config =
            SavedModel.Read(File.ReadAllBytes(Garments.ModelPath)).Single(entry => entry.Name.EndsWith("config.json", StringComparison.Ordinal));

        mlContext.Diffusion.SaveModel(model, null, folder.File("again.zip"));
        using var again = mlContext.Diffusion.LoadDiffusionModel(folder.File("again.zip"));
        mlContext.Diffusion.SaveModel(again, null, folder.File("once more.zip")); // of this version's fields, as again.zip is
        using var onceMore = mlContext.Diffusion.LoadDiffusionModel(folder.File("once more.zip"));
        using var columns = model.WithColumns(new OutputColumnOptions());

        Assert.AreEqual(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(config.Content)), model.Digest);
        Assert.AreEqual(again.Digest, onceMore.Digest, "another zip of the same content");
        Assert.AreEqual(model.Digest, columns.Digest, "the same images");
        Assert.IsNull(trained.Digest);
    }
}
