using System.Text;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>mlContext.Diffusion.SaveModel, LoadModel and InspectModel.</summary>
[TestClass]
public sealed class ModelFileTests
{
    private readonly MLContext _context = new(seed: 1);
    private string _folder = "";

    private string ModelPath => Path.Combine(_folder, "model.zip");

    [TestInitialize]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("diffusion-").FullName;

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void SaveModel_ThenLoadModel_GivesTheSamePipeline()
    {
        using var model = _context.Diffusion.LoadModel(SavedModel.Chain, out var schema).GetDiffusion();
        _context.Diffusion.SaveModel(_context.Diffusion.LoadModel(SavedModel.Chain, out _), schema, ModelPath);

        var loaded = _context.Diffusion.LoadModel(ModelPath, out var again);

        Assert.AreEqual(schema!.Count, again!.Count);
        Assert.AreEqual(3, ((IEnumerable<ITransformer>)loaded).Count());
        Assert.AreEqual(Pictures.Digest(model.Generate(2)), Pictures.Digest(loaded.GetDiffusion().Generate(2)));
        CollectionAssert.AreEqual(new[] { ModelPath }, Directory.GetFiles(_folder));
    }

    [TestMethod]
    public void SaveModel_DisposedModel_KeepsTheOldFile()
    {
        var model = _context.Model.Load(SavedModel.Model, out _).GetDiffusion();
        _context.Diffusion.SaveModel(model, null, ModelPath);
        var before = File.ReadAllBytes(ModelPath);
        model.Dispose();

        Assert.ThrowsExactly<ObjectDisposedException>(() => _context.Diffusion.SaveModel(model, null, ModelPath));

        CollectionAssert.AreEqual(before, File.ReadAllBytes(ModelPath));
        CollectionAssert.AreEqual(new[] { ModelPath }, Directory.GetFiles(_folder));
    }

    [TestMethod]
    [TestCategory(TestCategories.Integration)]
    [DataRow(50)]
    public void SaveModel_KilledAtManyMoments_LeavesAWholeFile(int moments)
    {
        File.Copy(SavedModel.Model, ModelPath);
        var random = new Random(2);
        for (var i = 0; i < moments; i++)
        {
            using var child = ChildProcess.Start("save-forever", SavedModel.Model, ModelPath);
            Assert.AreEqual("started", child.StandardOutput.ReadLine());
            // Not a wait for something: the random moment at which the process is killed.
            Thread.Sleep(TimeSpan.FromMilliseconds(60 * random.NextDouble()));
            child.Kill();
            child.WaitForExit();

            Assert.IsTrue(_context.Diffusion.InspectModel(ModelPath).HashesMatch);
        }
    }

    [TestMethod]
    public void InspectModel_SavedModel_TellsWhatItIs()
    {
        var inspection = _context.Diffusion.InspectModel(SavedModel.Chain);

        Assert.AreEqual(1, inspection.FormatVersion);
        Assert.IsNull(inspection.StreamsVersion);
        Assert.AreEqual("Microsoft.ML.Diffusion 0.1.0", inspection.Library);
        Assert.IsTrue(inspection.HashesMatch);
        Assert.AreEqual(30, inspection.Training!.Steps);
        Assert.HasCount(8, inspection.Entries);
        Assert.AreEqual(
            "ModelFileEntry { Name = TransformerChain/Transform_001/weights.safetensors, Bytes = 60648, CompressedBytes = 46387 }",
            inspection.Entries[3].ToString());
        using var model = _context.Model.Load(SavedModel.Chain, out _).GetDiffusion();
        Assert.AreEqual(model.ToString(), inspection.Description);
        CollectionAssert.AreEqual(
            new[] { "Microsoft.ML.Data", "Microsoft.ML.Diffusion", "Microsoft.ML.ImageAnalytics" },
            inspection.Assemblies.Select(name => name.Split(',')[0]).ToArray());
        CollectionAssert.AreEqual(
            new[] { "DiffusionTransformer", "ImageGrayscaleTransform", "ImagePixelExtractor", "TransformerChain" },
            inspection.Loaders.ToArray());
        Assert.IsEmpty(inspection.Untrusted);
    }

    [TestMethod]
    public void LoadDiffusionModel_OfAPipeline_IsTheModelInIt()
    {
        using var model = _context.Diffusion.LoadDiffusionModel(SavedModel.Chain);
        using var inPipeline = _context.Diffusion.LoadModel(SavedModel.Chain, out _).GetDiffusion();

        Assert.AreEqual(Weights.Digest(inPipeline), Weights.Digest(model));
    }

    [TestMethod]
    public void InspectModel_FlippedWeight_SaysThatHashesDoNotMatch()
    {
        Write(SavedModel.With(File.ReadAllBytes(SavedModel.Model), "weights.safetensors", Flip));

        Assert.IsFalse(_context.Diffusion.InspectModel(ModelPath).HashesMatch);
        var error = Assert.ThrowsExactly<FormatException>(() => _context.Diffusion.LoadModel(ModelPath, out _));
        StringAssert.Matches(
            error.Message,
            new($@"^The model {ModelPath} cannot be used: weights\.safetensors: the bytes of '[a-z0-9_.]+' do not match their SHA-256 in config\.json\.$"));
    }

    [TestMethod]
    public void InspectModel_OtherModel_IsRefused()
    {
        _context.Diffusion.SaveModel(_context.Transforms.CopyColumns("Copy", "Number").Fit(Pictures.Rows(_context)), null, ModelPath);

        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: it holds 0 diffusion models, expected 1.",
            () => _context.Diffusion.InspectModel(ModelPath));
        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: it holds 0 diffusion models, expected 1.",
            () => _context.Diffusion.LoadDiffusionModel(ModelPath));
    }

    [TestMethod]
    public void LoadModel_NoZip_SaysSo()
    {
        Write("not a zip, and no model either"u8.ToArray());

        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: it is no zip file, is cut short, or has bytes after its end.",
            () => _context.Diffusion.LoadModel(ModelPath, out _));
    }

    [TestMethod]
    public void LoadModel_NoFile_IsIOException() =>
        Assert.ThrowsExactly<FileNotFoundException>(() => _context.Diffusion.LoadModel(ModelPath, out _));

    [TestMethod]
    [DataRow("../evil", "the entry name '../evil' is not a plain path of letters, digits and folders.")]
    [DataRow("/evil", "the entry name '/evil' is not a plain path of letters, digits and folders.")]
    [DataRow("a\\evil", "the entry name 'a\\evil' is not a plain path of letters, digits and folders.")]
    [DataRow("a\nevil", "the entry name 'a\\u000aevil' is not a plain path of letters, digits and folders.")]
    [DataRow("schema", "the entry 'schema' is there twice.")]
    public void LoadModel_EntryName_IsChecked(string name, string reason)
    {
        Write(SavedModel.Write([.. SavedModel.Read(File.ReadAllBytes(SavedModel.Chain)), (name, [])]));

        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: {reason}",
            () => _context.Diffusion.LoadModel(ModelPath, out _));
    }

    [TestMethod]
    public void LoadModel_Bomb_IsRefusedByItsClaim()
    {
        Write(SavedModel.Write([.. SavedModel.Read(File.ReadAllBytes(SavedModel.Chain)), ("bomb", new byte[50_000_000])]));
        var length = new FileInfo(ModelPath).Length;

        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: its entries inflate to 50081288 bytes, more than 100 times the file's {length}.",
            () => _context.Diffusion.InspectModel(ModelPath));
    }

    [TestMethod]
    public void LoadModel_CheckSum_IsCompared()
    {
        var zip = SavedModel.Write(SavedModel.Read(File.ReadAllBytes(SavedModel.Chain)));
        var line = zip.AsSpan().LastIndexOf("Schema"u8) - 46; // in the list of entries
        zip[line + 16] ^= 1;
        Write(zip);

        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: the bytes of the entry 'Schema' do not match their checksum.",
            () => _context.Diffusion.LoadModel(ModelPath, out _));
    }

    [TestMethod]
    [DataRow("Microsoft.ML.Diffusion", "Microsoft.ML.Diffusiom", "Microsoft.ML.Diffusiom, Version=0.1.0.0, Culture=neutral, PublicKeyToken=null")]
    [DataRow("Microsoft.ML.Diffusion, V", "Microsoft.ML.Vision   , V", "Microsoft.ML.Vision   , Version=0.1.0.0, Culture=neutral, PublicKeyToken=null")]
    public void LoadModel_OtherAssembly_IsNotLoaded(string old, string replacement, string assembly)
    {
        Write(SavedModel.With(File.ReadAllBytes(SavedModel.Model), "Model.key", key => Replace(key, Encoding.Unicode, old, replacement)));

        CollectionAssert.Contains(_context.Diffusion.InspectModel(ModelPath).Assemblies.ToArray(), assembly);
        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: it asks for the assembly '{assembly}', which is neither this library nor of the packages of ML.NET that it needs. If you trust the file, load it by mlContext.Model.Load.",
            () => _context.Diffusion.LoadModel(ModelPath, out _));
    }

    [TestMethod]
    public void LoadModel_LevelsNarrowerThanTheFirstConvolution_AreLoaded()
    {
        var network =
            new UNetOptions
            {
                BaseChannels = 64,
                NumberOfNormalizationGroups = 4,
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [],
                Details = new UNetDetails { LevelChannels = [8, 8] },
            };
        using var model =
            TinyModel.Train(
                TinyModel.Options with { Network = network, Training = new TrainingOptions { NumberOfSteps = 1, BatchSize = 2 } },
                _context);

        _context.Diffusion.SaveModel(model, null, ModelPath);
        using var loaded = _context.Diffusion.LoadModel(ModelPath, out _).GetDiffusion();

        Assert.AreEqual(model.NumberOfParameters, loaded.NumberOfParameters);
    }

    [TestMethod]
    public void LoadModel_NetworkLargerThanItsWeights_IsRefusedBeforeItIsMade()
    {
        Write(SavedModel.With(
            File.ReadAllBytes(SavedModel.Model),
            "config.json",
            json => Replace(json, Encoding.UTF8, "\"base_channels\": 4", "\"base_channels\": 32000")));

        var error = Assert.ThrowsExactly<FormatException>(() => _context.Diffusion.LoadModel(ModelPath, out _));

        StringAssert.Matches(
            error.Message,
            new(@"cannot be used: The model's config\.json is damaged: a network of this shape has at least \d+ weights, more than 60648 bytes hold\.$"));
    }

    [TestMethod]
    public void LoadModel_WeightsElsewhere_IsRefused()
    {
        Write(SavedModel.With(
            File.ReadAllBytes(SavedModel.Model),
            "config.json",
            json => Replace(json, Encoding.UTF8, "\"file\": \"weights.safetensors\"", "\"file\": \"../weights.safetensors\"")));

        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: The model's config.json is damaged: a class has no name, or a file of weights has a name or a size (bytes) that none can have.",
            () => _context.Diffusion.LoadModel(ModelPath, out _));
    }

    private static byte[] Flip(byte[] bytes)
    {
        bytes[^5] ^= 1;
        return bytes;
    }

    private static byte[] Replace(byte[] bytes, Encoding encoding, string old, string replacement)
    {
        var (from, to) = (encoding.GetBytes(old), encoding.GetBytes(replacement));
        var position = bytes.AsSpan().IndexOf(from);
        Assert.IsGreaterThanOrEqualTo(0, position);
        return [.. bytes[..position], .. to, .. bytes[(position + from.Length)..]];
    }

    private void Write(byte[] zip) => File.WriteAllBytes(ModelPath, zip);
}
