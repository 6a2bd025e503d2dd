using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>What docs/model-format.md promises of the entries of a model file.</summary>
[TestClass]
public sealed class ModelFormatTests
{
    [TestMethod]
    public void Load_Format1_KnowsWhatItWas()
    {
        using var model = new MLContext(seed: 1).Diffusion.LoadModel(SavedModel.Chain, out _).GetDiffusion();

        Assert.AreEqual(
            "Diffusion model of 8x8, 1 channel, 2 classes: U-Net (4 x [1, 2] channels, 1 block a level, attention at [4]), cosine (T = 1000), VPrediction prediction, learned variance",
            model.ToString());
        Assert.AreEqual(RecordText.Of(new TrainingSummary(8, 30, 8, 0.7663823127746582, 0, 0.5495386, 1)), RecordText.Of(model.Training!));
        Assert.AreEqual(
            new GenerationOptions { Sampler = new DdimSampler(5, 0.5), BatchSize = 4, Seed = 5, GuidanceScale = 1.5 },
            model.Generation);
    }

    [TestMethod]
    public void Load_Format1WithoutAPipeline_DrawsTheSame()
    {
        using var model = new MLContext(seed: 1).Model.Load(SavedModel.Model, out var schema).GetDiffusion();
        using var chain = new MLContext(seed: 1).Model.Load(SavedModel.Chain, out _).GetDiffusion();

        Assert.AreEqual(Pictures.Digest(chain.Generate(2)), Pictures.Digest(model.Generate(2)));
        Assert.IsNull(schema);
    }

    [TestMethod]
    public void Save_Format1LoadedBefore_WritesTheNewestFormatOfTheSameModel()
    {
        var mlContext = new MLContext(seed: 1);
        using var old = mlContext.Model.Load(SavedModel.Model, out _).GetDiffusion();
        using var stream = new MemoryStream();
        mlContext.Model.Save(old, null, stream);
        stream.Position = 0;

        using var model = mlContext.Model.Load(stream, out _).GetDiffusion();

        Assert.AreEqual(Pictures.Digest(old.Generate(2)), Pictures.Digest(model.Generate(2)));
        Assert.AreEqual(RecordText.Of(old.Training!), RecordText.Of(model.Training!));
        Assert.AreEqual((3, 1), ((int)Config(stream.ToArray())["format_version"]!, (int)Config(stream.ToArray())["streams_version"]!));
    }

    [TestMethod]
    public void Save_TwoFitsOfOneSeed_AreByteIdenticalButForTheirTime()
    {
        var (first, second) = (Entries(), Entries());

        CollectionAssert.AreEqual(first.Select(entry => entry.Name).ToArray(), second.Select(entry => entry.Name).ToArray());
        foreach (var ((name, a), (_, b)) in first.Zip(second))
        {
            Assert.IsTrue(name.EndsWith("run.json", StringComparison.Ordinal) || a.AsSpan().SequenceEqual(b), name);
        }

        var run = JsonNode.Parse(first.Single(entry => entry.Name.EndsWith("run.json", StringComparison.Ordinal)).Content)!.AsObject();
        CollectionAssert.AreEqual(new[] { "seconds" }, run.Select(field => field.Key).ToArray());
    }

    [TestMethod]
    public void Save_TrainedModel_TellsHowItWasTrained()
    {
        using var model = TinyModel.Train();
        var training = Config(Saved(model))["training"]!;

        Assert.AreEqual(10, (int)training["options"]!["number_of_steps"]!);
        Assert.AreEqual(0.002, (double)training["options"]!["learning_rate"]!);
        Assert.AreEqual("uniform", (string?)training["options"]!["timestep_sampling"]);
        Assert.AreEqual(1, (int)training["options"]!["validation"]!["draws_per_image"]!);
        Assert.IsNull(training["options"]!["augmentation"]);
        Assert.IsTrue(training["options"]!.AsObject().ContainsKey("augmentation"));
        Assert.IsFalse(training["options"]!.AsObject().ContainsKey("progress"));
        StringAssert.Matches(
            (string?)training["versions"],
            new(@"^Microsoft\.ML\.Diffusion \d+\.\d+\.\d+, Microsoft\.ML\.Data 5\.\S+, \.NET 10\.\S+$"));
        foreach (var (field, value) in new[] { ("images", 8), ("steps", 10), ("batch_size", 8), ("seed", 1) })
        {
            Assert.AreEqual(value, (int)training[field]!);
        }
    }

    [TestMethod]
    public void Load_AnotherRunAgain_KeepsItsTimeAndOptions()
    {
        using var model = TinyModel.Train();
        using var stream = new MemoryStream(Saved(model));

        using var loaded = new MLContext().Model.Load(stream, out _).GetDiffusion();

        Assert.AreEqual(RecordText.Of(model.Training!), RecordText.Of(loaded.Training!));
        Assert.IsGreaterThan(0, loaded.Training!.Seconds);
    }

    // Levels spanned the schedule, and images were encoded by asking at the upper level: what steps behind a model have learned of its columns must stay.
    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void Load_BeforeRangesAndInversionLevels_MeansWhatWasDoneThen(bool hasEncodingSampler)
    {
        var columns =
            new OutputColumnOptions { ReconstructionError = "Error", EncodingSampler = hasEncodingSampler ? new DdimSampler(3) : null };
        using var model =
            TinyModel.Train(
                TinyModel.Options with
                {
                    OutputColumns = columns,
                    Generation = TinyModel.Options.Generation with { Sampler = new HeunSampler(4) },
                });
        string[] later = ["sigma_max", "sigma_min", "inversion", "guidance_rescale", "guidance_sigma_min", "guidance_sigma_max"];
        var zip = SavedModel.With(Saved(model), "config.json", json =>
        {
            var config = JsonNode.Parse(json)!;
            foreach (var sampler in new[] { config["sampler"], config["columns"]!["others"]!["encoding_sampler"] }.OfType<JsonObject>())
            {
                Assert.IsTrue(later.All(sampler.Remove));
            }

            return Encoding.UTF8.GetBytes(config.ToJsonString());
        });
        using var stream = new MemoryStream(zip);

        using var loaded = new MLContext().Model.Load(stream, out _).GetDiffusion();

        Assert.AreEqual(TimestepSubset.Karras(4, sigmaMax: double.PositiveInfinity), loaded.Generation.Sampler.Timesteps);
        Assert.AreEqual(model.Generation with { Sampler = loaded.Generation.Sampler }, loaded.Generation);
        Assert.AreEqual(
            new DdimSampler(hasEncodingSampler ? 3 : 50) { InversionLevel = InversionLevel.Upper },
            loaded.Trained.Columns.Others.EncodingSampler);
        using var again = new MemoryStream(Saved(loaded));
        using var saved = new MLContext().Model.Load(again, out _).GetDiffusion();
        Assert.AreEqual((loaded.Generation, loaded.Trained.Columns.Others), (saved.Generation, saved.Trained.Columns.Others));
    }

    [TestMethod]
    public void Load_UnknownInversionLevel_IsDamage()
    {
        using var model = TinyModel.Train();
        using var stream =
            new MemoryStream(
                SavedModel.With(
                    Saved(model),
                    "config.json",
                    json => Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(json)
                        .Replace("\"lower\"", "\"sideways\"", StringComparison.Ordinal))));

        var exception = Assert.Throws<Exception>(() => new MLContext().Model.Load(stream, out _));

        StringAssert.Contains(exception.ToString(), "The model's config.json is damaged: the inversion level 'sideways' is not known.");
    }

    [TestMethod]
    public void Load_OfThisVersion_KeepsTheColumnsAsTheyAre()
    {
        using var model =
            TinyModel.Train(TinyModel.Options with { OutputColumns = new OutputColumnOptions { ReconstructionError = "Error" } });
        using var stream = new MemoryStream(Saved(model));

        using var loaded = new MLContext().Model.Load(stream, out _).GetDiffusion();

        Assert.AreEqual(model.Trained.Columns.Others, loaded.Trained.Columns.Others);
        Assert.IsNull(loaded.Trained.Columns.Others.EncodingSampler);
    }

    [TestMethod]
    public void Load_UnknownFields_AreLeftAlone()
    {
        var zip =
            SavedModel.With(
                File.ReadAllBytes(SavedModel.Model),
                "config.json",
                json => Encoding.UTF8.GetBytes(
                    Encoding.UTF8.GetString(json).Replace(
                        "\"unet\": {",
                        "\"later\": [1], \"unet\": { \"later\": {},",
                        StringComparison.Ordinal)));
        using var stream = new MemoryStream(zip);

        using var model = new MLContext().Model.Load(stream, out _).GetDiffusion();

        Assert.AreEqual(8, model.ImageWidth);
    }

    // Each byte of the file: its length, its header with the metadata, its data. By default one in so many; all of them take a minute.
    [TestMethod]
    [DataRow(29)]
    public void Unpack_AnyByteChanged_IsRefused(int stride)
    {
        using var model = new MLContext().Model.Load(SavedModel.Model, out _).GetDiffusion();
        var weights = model.Model.Weights();
        var (description, content) = WeightFiles.Pack(weights).Single();
        for (var i = 0; i < content.Length; i += stride)
        {
            content[i] ^= (byte)(1 << (i % 8));
            var remaining = weights.Plan.Weights.ToDictionary(weight => weight.Name);
            Assert.ThrowsExactly<FormatException>(() => WeightFiles.Unpack(description, content, weights, remaining), $"byte {i}");
            content[i] ^= (byte)(1 << (i % 8));
        }
    }

    private static List<(string Name, byte[] Content)> Entries()
    {
        var mlContext = new MLContext(seed: 3);
        var rows = Pictures.Rows(mlContext);
        var model =
            mlContext.Transforms.ConvertToGrayscale("Grey", "Image")
                .Append(mlContext.Transforms.DiffusionTrainer("Generated", "Grey", TinyModel.Labelled))
                .Fit(rows);
        using var stream = new MemoryStream();
        mlContext.Model.Save(model, rows.Schema, stream);
        model.LastTransformer.Dispose();
        return SavedModel.Read(stream.ToArray());
    }

    private static byte[] Saved(DiffusionTransformer model)
    {
        using var stream = new MemoryStream();
        new MLContext().Model.Save(model, null, stream);
        return stream.ToArray();
    }

    private static JsonNode Config(byte[] zip) =>
        JsonNode.Parse(SavedModel.Read(zip).Single(entry => entry.Name.EndsWith("config.json", StringComparison.Ordinal)).Content)!;
}
