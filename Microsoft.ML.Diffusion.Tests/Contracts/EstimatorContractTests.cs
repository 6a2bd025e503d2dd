using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>What ML.NET's own tests ask of an estimator and its transformer, of one with every output column.</summary>
[TestClass]
public sealed class EstimatorContractTests
{
    private static readonly DiffusionOptions _brief =
        ScoringModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 }, SeedColumnName = "Number" };

    private readonly MLContext _mlContext = new(seed: 3);

    public TestContext TestContext { get; set; } = null!;

    [TestMethod]
    [DataRow("Image")]
    [DataRow("Vector")]
    public void Estimator_AnyInput_DeliversWhatItPromisesAlsoWhenLoaded(string input)
    {
        var rows = Inputs();
        var estimator = _mlContext.Transforms.DiffusionTrainer("Generated", input, _brief);
        var promised = estimator.GetOutputSchema(Schemas.Shape(rows.Schema));

        using var model = estimator.Fit(rows);
        using var loaded = SaveAndLoad(model, rows.Schema, out var inputSchema);

        var scored = model.Transform(rows);
        // ML.NET leaves images out of the schema that it saves beside a model.
        CollectionAssert.AreEqual(
            Schemas.Describe(rows.Schema).Where(column => !column.StartsWith("Image:", StringComparison.Ordinal)).ToArray(),
            Schemas.Describe(inputSchema));
        CollectionAssert.AreEqual(Schemas.Describe(scored.Schema), Schemas.Describe(model.GetOutputSchema(rows.Schema)));
        CollectionAssert.AreEqual(Schemas.Describe(scored.Schema), Schemas.Describe(loaded.GetOutputSchema(rows.Schema)));
        CollectionAssert.AreEqual(Schemas.Describe(scored.Schema), Schemas.Describe(loaded.Transform(rows).Schema));
        CollectionAssert.AreEqual(Schemas.Values(scored), Schemas.Values(loaded.Transform(rows)));
        Assert.IsTrue(((ITransformer)model).IsRowToRowMapper);
        var mapper = ((ITransformer)model).GetRowToRowMapper(rows.Schema);
        Assert.AreSame(rows.Schema, mapper.InputSchema);
        CollectionAssert.AreEqual(Schemas.Describe(scored.Schema), Schemas.Describe(mapper.OutputSchema));

        // The size of images from vectors is not in the promise: a SchemaShape has no place for dimensions.
        static string WithoutSize(string column) => column.Replace("Image<8, 8>", "Image", StringComparison.Ordinal);
        CollectionAssert.AreEquivalent(
            Array.ConvertAll(Schemas.Describe(promised), WithoutSize),
            Array.ConvertAll(Schemas.Describe(Schemas.Shape(scored.Schema)), WithoutSize));
    }

    [TestMethod]
    public void Transform_InputColumns_KeepPlacesTypesAnnotationsAndHiddenOnes()
    {
        var rows = Inputs();
        rows = _mlContext.Transforms.CopyColumns("Number", "Number").Fit(rows).Transform(rows); // hides the first
        using var model = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", _brief).Fit(rows);

        var scored = model.Transform(rows);

        Assert.IsTrue(scored.Schema.Any(column => column.IsHidden));
        CollectionAssert.AreEqual(Schemas.Describe(rows.Schema), Schemas.Describe(scored.Schema)[..rows.Schema.Count]);
        StringAssert.Contains(string.Join("\n", Schemas.Describe(scored.Schema)), "KeyValues Vector<String, 2> even,odd");
        CollectionAssert.AreEqual(
            new[]
            {
                "Generated: Image<8, 8> []",
                "GeneratedPixels: Vector<Single, 1, 8, 8> []",
                "Reconstructed: Image<8, 8> []",
                "ReconstructedPixels: Vector<Single, 1, 8, 8> []",
                "Latent: Vector<Single, 1, 8, 8> []",
                "Bits: Single []",
                "Error: Single []",
            },
            Schemas.Describe(scored.Schema)[rows.Schema.Count..]);
    }

    [TestMethod]
    public void Transform_InputOfOtherNameThanInFit_StaysLazyAboutIt()
    {
        var rows = Inputs();
        using var model = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", _brief).Fit(rows);
        var (withoutImages, without) = (
            _mlContext.Transforms.DropColumns("Image").Fit(rows).Transform(rows),
            "Could not find input column 'Image'. The columns are: Number (Int32), Class (String), Label (Key<UInt32, 0-1>), Vector (Vector<Single, 3, 8, 8>). (Parameter 'inputSchema')");

        using var generating = model.WithColumns(new OutputColumnOptions { GeneratedPixels = "Pixels" });

        Assert.AreEqual(8, generating.Transform(withoutImages).GetColumn<float[]>("Pixels").Count());
        Assert.AreEqual(without, Assert.Throws<ArgumentOutOfRangeException>(() => model.Transform(withoutImages)).Message);
        Assert.AreEqual(without, Assert.Throws<ArgumentOutOfRangeException>(() => model.GetOutputSchema(withoutImages.Schema)).Message);
    }

    [TestMethod]
    public void Transform_InputOfAnotherKind_FailsAlsoWhenLoaded()
    {
        var rows = Inputs();
        using var model = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", _brief).Fit(rows);
        using var loaded = SaveAndLoad(model, rows.Schema, out _);
        var small = _mlContext.Transforms.ResizeImages("Image", 4, 4).Fit(rows).Transform(rows);
        var text = _mlContext.Transforms.CopyColumns("Image", "Class").Fit(rows).Transform(rows);

        foreach (var transformer in new[] { model, loaded })
        {
            Messages.Expect<ArgumentOutOfRangeException>(
                "Schema mismatch for input column 'Image': expected Image or Vector<Single> of 8x8 (height, width), got Image<4, 4>. (Parameter 'inputSchema')",
                () => transformer.Transform(small));
            Messages.Expect<ArgumentOutOfRangeException>(
                "Schema mismatch for input column 'Image': expected Image or Vector<Single> of 8x8 (height, width), got String. If it has paths of files: mlContext.Transforms.LoadImages(\"Image\", imageFolder, \"Image\").Append(...) makes a column of their images. (Parameter 'inputSchema')",
                () => transformer.GetOutputSchema(text.Schema));
        }
    }

    [TestMethod]
    public void Options_ColumnsOfOneName_SayWhy()
    {
        void Create(string output, OutputColumnOptions others) =>
            _mlContext.Transforms.DiffusionTrainer(output, "Image", TinyModel.Options with { OutputColumns = others });
        string Message(string name) =>
            $"OutputColumns must name columns that differ from each other, from outputColumnName and from inputColumnName, because one would hide the other. (Parameter 'OutputColumns')\nActual value was {name}.";

        Messages.Expect<ArgumentOutOfRangeException>(
            Message("A"),
            () => Create("Generated", new OutputColumnOptions { Latent = "A", Reconstructed = "A" }));
        Messages.Expect<ArgumentOutOfRangeException>(
            Message("Generated"),
            () => Create("Generated", new OutputColumnOptions { Latent = "Generated" }));
        Messages.Expect<ArgumentOutOfRangeException>(
            Message("Image"),
            () => Create("Generated", new OutputColumnOptions { GeneratedPixels = "Image" }));
        Messages.Expect<ArgumentOutOfRangeException>(
            "OutputColumns must not name a column \"\"; leave a name null for no column. (Parameter 'OutputColumns')\nActual value was \"\".",
            () => Create("Generated", new OutputColumnOptions { Latent = "" }));
        Messages.Expect<ArgumentOutOfRangeException>(
            "LatentTimestep must be from 0 to 999, because the model was trained on those. (Parameter 'LatentTimestep')\nActual value was 1000.",
            () => Create("Generated", new OutputColumnOptions { LatentTimestep = 1000 }));
        Messages.Expect<ArgumentOutOfRangeException>(
            "LatentKind must be Noise or Bottleneck. (Parameter 'LatentKind')\nActual value was 7.",
            () => Create("Generated", new OutputColumnOptions { LatentKind = (LatentKind)7 }));
        Messages.Expect<ArgumentOutOfRangeException>(
            "EncodingSampler must have eta 0, because only then do its steps lead back to the image. (Parameter 'EncodingSampler')\nActual value was DDIM, 5 trailing steps, eta 1, x_0 clipped to [-1, 1].",
            () => Create("Generated", new OutputColumnOptions { EncodingSampler = new DdimSampler(5, 1) }));
        Messages.Expect<ArgumentOutOfRangeException>(
            "NumberOfLikelihoodTimesteps must be from 2 to 1000, because timestep 0 is always among them, and the model has 1000. (Parameter 'NumberOfLikelihoodTimesteps')\nActual value was 1.",
            () => Create("Generated", new OutputColumnOptions { NumberOfLikelihoodTimesteps = 1 }));
    }

    [TestMethod]
    public void Load_EveryOutputOption_KeepsThem()
    {
        var rows = Inputs();
        using var model =
            _mlContext.Transforms.DiffusionTrainer("Generated", "Image", _brief with
            {
                OutputColumns = new(),
                PixelOffset = 3,
                PixelScale = 0.5f,
            }).Fit(rows);
        var columns = ScoringModel.Columns with
        {
            LatentKind = LatentKind.Bottleneck,
            LatentTimestep = 17,
            EncodingSampler = new DdimSampler(4) { Timesteps = TimestepSubset.Quadratic(4), Clipping = Clipping.None },
        };

        using var other = model.WithColumns(columns, "Input", "Output");
        using var loaded = SaveAndLoad(other, null, out _);

        Assert.AreEqual(other.Trained.Columns, loaded.Trained.Columns);
        Assert.AreEqual(columns, loaded.Trained.Columns.Others);
    }

    private DiffusionTransformer SaveAndLoad(DiffusionTransformer model, DataViewSchema? schema, out DataViewSchema inputSchema)
    {
        using var file = new MemoryStream();
        _mlContext.Model.Save(model, schema, file);
        file.Position = 0;
        return new MLContext().Model.Load(file, out inputSchema).GetDiffusion();
    }

    private IDataView Inputs()
    {
        var rows = Pictures.Rows(_mlContext);
        return _mlContext.Transforms.ExtractPixels("Vector", "Image").Fit(rows).Transform(rows);
    }
}
