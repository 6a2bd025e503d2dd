using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Runtime;
using Microsoft.ML.Transforms;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>Which of ML.NET's loaders a model file from anywhere may ask for.</summary>
[TestClass]
[DoNotParallelize] // counts the assemblies that the process loads
public sealed class TrustedLoaderTests
{
    // Those of fitted pipelines that are not let in; why is said at TrustedLoaders.
    private static readonly string[] _refused =
        ["CustomTransformer", "DatabaseLoader", "ExprTransform", "ImageLoaderTransform", "LdaTransform", "WordEmbeddingsTransform"];

    // Let in because they are no loaders.
    private static readonly string[] _parts = ["BinNormExec", "CustomStopWordsManager", "TermManager", "TextSpanBuffer", "NormalizeFunction"];

    // Let in because newer steps write them beside their newer names.
    private static readonly string[] _olderNames = ["ChooseColumnsFunction", "ConcatFunction", "ConvertFunction", "GcnFunction"];

    private readonly MLContext _context = new(seed: 1);
    private readonly List<string> _loaded = [];
    private string _folder = "";

    private string ModelPath => Path.Combine(_folder, "model.zip");

    [TestInitialize]
    public void CreateFolder()
    {
        _folder = Directory.CreateTempSubdirectory("diffusion-").FullName;
        _context.Diffusion.LoadDiffusionModel(SavedModel.Chain).Dispose(); // what is needed anyhow is loaded now
    }

    [TestCleanup]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void TrustedLoaders_AreThoseOfPipelines_ButTheRefused()
    {
        var known = MachineLearningLoaders.All().ToList();

        Assert.IsGreaterThan(100, known.Count);
        CollectionAssert.AreEquivalent(
            known.Where(loader => loader.OfPipelines).Select(loader => loader.Name.ToLowerInvariant()).Except(
                _refused.Select(name => name.ToLowerInvariant())).Union(_olderNames.Select(name => name.ToLowerInvariant())).ToArray(),
            known.Select(loader => loader.Name.ToLowerInvariant()).Distinct().Where(TrustedLoaders.Contains).ToArray());
        Assert.IsEmpty(known.Where(loader => _parts.Contains(loader.Name, StringComparer.OrdinalIgnoreCase)));
        Assert.IsTrue(Array.TrueForAll(_parts, TrustedLoaders.Contains));
    }

    [TestMethod]
    public void LoadModel_EveryLoaderThatIsNotListed_IsRefusedInEverySpelling_AndNothingIsLoaded()
    {
        var others = MachineLearningLoaders.All().Where(loader => !TrustedLoaders.Contains(loader.Name)).ToList();
        Assert.IsGreaterThan(40, others.Count);
        AppDomain.CurrentDomain.AssemblyLoad += Note;
        AppDomain.CurrentDomain.AssemblyResolve += Note;
        try
        {
            foreach (var (assembly, name, _) in others)
            {
                foreach (var spelling in Spellings(name))
                {
                    RefuseStep(spelling, assembly.FullName!, spelling);
                }

                RefuseStep(name, "", name); // of an assembly that is known to ML.NET's catalog already
                RefuseStep("CopyTransform", assembly.FullName!, name, name);
                RefuseStep(" ", assembly.FullName!, name, name);
            }
        }
        finally
        {
            AppDomain.CurrentDomain.AssemblyLoad -= Note;
            AppDomain.CurrentDomain.AssemblyResolve -= Note;
        }

        Assert.AreEqual("", string.Join('\n', _loaded));
    }

    [TestMethod]
    public void LoadModel_StepsOfManyKinds_AreLoaded()
    {
        var transforms = _context.Transforms;
        var rows = Pictures.Rows(_context);
        var steps = transforms.Text.FeaturizeText("Words", "Class")
            .Append(transforms.Categorical.OneHotEncoding("Hot", "Class"))
            .Append(transforms.Categorical.OneHotHashEncoding("Hash", "Class", numberOfBits: 3))
            .Append(transforms.Conversion.ConvertType("Single", "Number"))
            .Append(transforms.Concatenate("Features", "Hot", "Hash", "Single"))
            .Append(transforms.NormalizeMinMax("Scaled", "Features"))
            .Append(transforms.NormalizeBinning("Binned", "Features", maximumBinCount: 3))
            .Append(transforms.ReplaceMissingValues("Whole", "Scaled"))
            .Append(transforms.IndicateMissingValues("Missing", "Scaled"))
            .Append(transforms.ApproximatedKernelMap("Kernel", "Whole", rank: 2))
            .Append(transforms.Conversion.MapValue("Mapped", [new KeyValuePair<int, float>(1, 2)], "Number"))
            .Append(transforms.Conversion.MapKeyToValue("Named", "Label"))
            .Append(transforms.CopyColumns("Copy", "Single"))
            .Append(_context.MulticlassClassification.Trainers.SdcaMaximumEntropy("Label", "Whole", maximumNumberOfIterations: 1))
            .Append(_context.Clustering.Trainers.KMeans("Whole", numberOfClusters: 2));
        using var model = _context.Diffusion.LoadDiffusionModel(SavedModel.Model);
        _context.Diffusion.SaveModel(new TransformerChain<ITransformer>(steps.Fit(rows), model), rows.Schema, ModelPath);

        var loaded = _context.Diffusion.LoadModel(ModelPath, out var schema);

        Assert.IsNotNull(loaded.GetOutputSchema(schema!).GetColumnOrNull("Mapped"));
        Assert.IsEmpty(_context.Diffusion.InspectModel(ModelPath).Untrusted);
        Assert.IsGreaterThan(15, _context.Diffusion.InspectModel(ModelPath).Loaders.Count);
        loaded.GetDiffusion().Dispose();
    }

    [TestMethod]
    public void LoadModel_ImagesFromTheCallersPaths_AreLoaded()
    {
        SaveWithImages("", before: false);

        using var model = _context.Diffusion.LoadModel(ModelPath, out _).GetDiffusion();

        Assert.IsEmpty(_context.Diffusion.InspectModel(ModelPath).Untrusted);
    }

    [TestMethod]
    [DataRow(true, false)] // a folder of the file's choice
    [DataRow(false, true)] // paths that a step of the file could make
    public void LoadModel_ImagesFromPathsOfTheFile_AreRefused(bool namesFolder, bool before)
    {
        SaveWithImages(namesFolder ? _folder : "", before);

        var error = Assert.ThrowsExactly<FormatException>(() => _context.Diffusion.LoadModel(ModelPath, out _));

        StringAssert.Contains(error.Message, "it asks for the loader 'ImageLoaderTransform', which may do more than read the file.");
    }

    [TestMethod]
    public void LoadModel_CustomMapping_IsRefused()
    {
        var rows = Pictures.Rows(_context);
        var mapping = _context.Transforms.CustomMapping(new NothingFactory().GetMapping(), NothingFactory.Contract).Fit(rows);
        using var model = _context.Diffusion.LoadDiffusionModel(SavedModel.Model);
        _context.Diffusion.SaveModel(new TransformerChain<ITransformer>(mapping, model), rows.Schema, ModelPath);

        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: it asks for the loader 'CustomTransformer', which may do more than read the file. If you trust the file, load it by mlContext.Model.Load.",
            () => _context.Diffusion.LoadModel(ModelPath, out _));
        CollectionAssert.AreEqual(
            new[] { "the loader 'CustomTransformer', which may do more than read the file" },
            _context.Diffusion.InspectModel(ModelPath).Untrusted.ToArray());
    }

    [TestMethod]
    [DataRow("TransformerChain/Transform_000/model.KEY")]
    [DataRow("TransformerChain/Transform_009/MODEL.KEY")]
    [DataRow("TransformerChain/Transform_009/Model.bin")]
    [DataRow("TransformerChain/Transform_009/model.BIN")]
    [DataRow("Model.\u212Aey")] // the Kelvin sign
    public void LoadModel_HeaderOfAnotherSpelling_IsRefused(string name)
    {
        var key = ModelKey.Of("CustomTransformer", "", [], []);
        File.WriteAllBytes(
            ModelPath,
            SavedModel.Write([.. SavedModel.Read(File.ReadAllBytes(SavedModel.Chain)).Where(entry => !Same(entry.Name, name)), (name, key)]));

        var error = Assert.ThrowsExactly<FormatException>(() => _context.Diffusion.LoadModel(ModelPath, out _));

        StringAssert.Contains(error.Message, "cannot be checked");
    }

    [TestMethod]
    public void LoadModel_NamesThatDifferOnlyInWhatMachineLearningIgnores_AreRefused()
    {
        File.WriteAllBytes(
            ModelPath,
            SavedModel.Write([.. SavedModel.Read(File.ReadAllBytes(SavedModel.Chain)), ("\u212Aey", [1]), ("key", [2])]));

        Messages.Expect<FormatException>(
            $"The model {ModelPath} cannot be used: the entry 'key' is there twice.",
            () => _context.Diffusion.LoadModel(ModelPath, out _));
    }

    [TestMethod]
    public void LoadModel_AssemblyOfALaterVersion_IsFormatException()
    {
        var assembly = typeof(ColumnCopyingTransformer).Assembly.FullName!.Replace("Version=1.", "Version=99.", StringComparison.Ordinal);
        WriteStep(ModelKey.Of("CopyTransform", assembly, BitConverter.GetBytes(0), []));

        Assert.ThrowsExactly<FormatException>(() => _context.Diffusion.LoadModel(ModelPath, out _));
    }

    private void SaveWithImages(string folder, bool before)
    {
        var rows = _context.Data.LoadFromEnumerable(new[] { new { ImagePath = "" } });
        List<ITransformer> steps = [_context.Transforms.LoadImages("Image", folder, "ImagePath").Fit(rows)];
        steps.Insert(before ? 0 : 1, _context.Transforms.CopyColumns("Copy", "ImagePath").Fit(rows));
        using var model = _context.Diffusion.LoadDiffusionModel(SavedModel.Model);
        _context.Diffusion.SaveModel(new TransformerChain<ITransformer>([.. steps, model]), rows.Schema, ModelPath);
    }

    private static bool Same(string name, string other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);

    // All that ML.NET takes for the same name.
    private static IEnumerable<string> Spellings(string name) => new[]
    {
        name,
        name.ToUpperInvariant(),
        name.ToLowerInvariant(),
        string.Concat(name.Select((c, i) => i % 2 == 0 ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c))),
        $" {name}",
        $"{name}\t",
        $"\u00A0{name}",
    }.Where(spelling => spelling.Length <= ModelKey.MaximumSignature);

    private void RefuseStep(string loader, string assembly, string refused, string otherLoader = "")
    {
        WriteStep(ModelKey.Of(loader, assembly, new byte[8], ["a", "b"], otherLoader));
        var error = Assert.ThrowsExactly<FormatException>(() => _context.Diffusion.LoadModel(ModelPath, out _), loader);
        StringAssert.Contains(error.Message, $"it asks for the loader '{refused.Replace("\t", "\\u0009").Replace("\u00A0", "\u00A0")}'");
    }

    private void WriteStep(byte[] key) => File.WriteAllBytes(
        ModelPath,
        SavedModel.With(File.ReadAllBytes(SavedModel.Chain), "Transform_000/Model.key", _ => key));

    private void Note(object? sender, AssemblyLoadEventArgs args) => Note(args.LoadedAssembly.FullName!);

    private System.Reflection.Assembly? Note(object? sender, ResolveEventArgs args)
    {
        Note(args.Name);
        return null;
    }

    // .NET loads its own when it comes to them.
    private void Note(string name)
    {
        if (!name.StartsWith("System.", StringComparison.Ordinal))
        {
            _loaded.Add(name);
        }
    }

    /// <summary>A row of the mapping below.</summary>
    private sealed class NumberRow
    {
        public int Number { get; set; }
    }

    /// <summary>Code that a file can ask for by its contract.</summary>
    [CustomMappingFactoryAttribute(Contract)]
    private sealed class NothingFactory : CustomMappingFactory<NumberRow, NumberRow>
    {
        public const string Contract = "nothing";

        public override Action<NumberRow, NumberRow> GetMapping() => (from, to) => to.Number = from.Number;
    }
}
