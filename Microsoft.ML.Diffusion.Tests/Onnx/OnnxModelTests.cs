using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Build;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.OnnxRuntime;

namespace Microsoft.ML.Diffusion.Tests.Onnx;

/// <summary>Trained models as ONNX files: in ONNX Runtime, in a pipeline of ML.NET, and what is said in them.</summary>
[TestClass]
public sealed class OnnxModelTests : IDisposable
{
    private readonly MLContext _context = new(seed: 1);
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow("garments.zip", 20, 1.0)]
    [DataRow("garments.zip", 5, 3.0)]
    [DataRow("emoji.zip", 4, 1.0)]
    public void Generator_OfATrainedModel_MakesTheLibrarysImages(string file, int steps, double scale)
    {
        using var model = _context.Diffusion.LoadDiffusionModel(BuildFiles.InRoot("models", file));

        var images = OnnxImages.Compare(
            model.Model,
            model.Generation with { Sampler = new DpmSolverSampler(steps), GuidanceScale = scale },
            count: 3);

        Assert.IsTrue(images.AreEqual, $"{images}");
    }

    [TestMethod]
    public void ApplyOnnxModel_Generator_MakesTheLibrarysImages()
    {
        using var model = _context.Diffusion.LoadDiffusionModel(Garments.ModelPath);
        var path = _folder.File("generator.onnx");
        var options = model.Generation with { Sampler = new DdimSampler(4, eta: 1) };
        _context.Diffusion.SaveOnnx(model, path, OnnxContent.Generator, options);
        Row[] rows = [.. Enumerable.Range(0, 3).Select(i => new Row
        {
            Noise = OnnxImages.Start([i], model.Description.Shape),
            Label = [2 * i],
            Scale = 1.5f,
            StepNoise = OnnxImages.Steps([i], 3, model.Description.Shape),
        })];
        var schema = SchemaDefinition.Create(typeof(Row));
        schema["noise"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 1, 1, 28, 28);
        schema["step_noise"].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 3, 1, 1, 28, 28);

        var data = _context.Data.LoadFromEnumerable(rows, schema);
        var pipeline = _context.Transforms.ApplyOnnxModel(
            ["images"], ["noise", "class_labels", "guidance_scale", "step_noise"], path);
        var images = pipeline.Fit(data).Transform(data).GetColumn<float[]>("images").ToArray();

        var expected = OnnxImages.OfLibrary(model.Model, options with { GuidanceScale = 1.5 }, [0, 1, 2], [0, 2, 4]);
        Assert.IsTrue(OnnxImages.Between(expected, Array.ConvertAll(images, OnnxImages.ToBytes)).AreEqual);
    }

    [TestMethod]
    public void Metadata_OfBothContents_SaysWhatTheModelIs()
    {
        using var model = _context.Diffusion.LoadDiffusionModel(Garments.ModelPath);
        foreach (var content in Enum.GetValues<OnnxContent>())
        {
            var path = _folder.File($"{content}.onnx");
            _context.Diffusion.SaveOnnx(model, path, content, model.Generation with { Sampler = new DdimSampler(2), GuidanceScale = 1.5 });

            using var session = new InferenceSession(path);

            var said = session.ModelMetadata.CustomMetadataMap;
            Assert.AreEqual("Microsoft.ML.Diffusion", session.ModelMetadata.ProducerName);
            Assert.AreEqual(content == OnnxContent.Network ? "network" : "generator", said["content"]);
            Assert.AreEqual("[1,28,28]", said["image_shape"]);
            StringAssert.StartsWith(said["class_names"], $"[\"{model.ClassNames[0]}\",\"{model.ClassNames[1]}\",");
            Assert.AreEqual(("v_prediction", "fixed"), (said["prediction_type"], said["variance_type"]));
            Assert.AreEqual($"{model.Schedule}", said["schedule"]);
            CollectionAssert.AreEqual(
                model.Schedule.AlphasCumulativeProduct.ToArray(),
                System.Text.Json.JsonSerializer.Deserialize<double[]>(said["alphas_cumprod"]));
            Assert.AreEqual(($"{new DdimSampler(2)}", "[999,499]", "1.5"), (said["sampler"], said["timesteps"], said["guidance_scale"]));
            Assert.AreEqual("1", said["random_streams"]);
        }
    }

    [TestMethod]
    public void Inputs_OfBothContents_AreAsDocumented()
    {
        using var model = _context.Diffusion.LoadDiffusionModel(Garments.ModelPath);
        string Ends(OnnxContent content, Sampler? sampler = null)
        {
            var path = _folder.File("model.onnx");
            _context.Diffusion.SaveOnnx(model, path, content, new() { Sampler = sampler ?? new DdimSampler(2) });
            using var session = new InferenceSession(path);
            return string.Join("; ", session.InputMetadata.Concat(session.OutputMetadata).Select(end =>
                $"{end.Key} {end.Value.ElementType.Name} {string.Join(',', end.Value.Dimensions.Zip(end.Value.SymbolicDimensions, (n, name) => n < 0 ? name : $"{n}"))}"));
        }

        Assert.AreEqual(
            "sample Single batch_size,1,28,28; timestep Single steps; class_labels Int64 batch_size; out_sample Single batch_size,1,28,28",
            Ends(OnnxContent.Network));
        Assert.AreEqual(
            "noise Single batch_size,1,28,28; class_labels Int64 batch_size; guidance_scale Single ; images Single batch_size,1,28,28",
            Ends(OnnxContent.Generator));
        Assert.AreEqual(
            "noise Single batch_size,1,28,28; class_labels Int64 batch_size; guidance_scale Single ; step_noise Single 3,batch_size,1,28,28; images Single batch_size,1,28,28",
            Ends(OnnxContent.Generator, new DdpmSampler(4)));
    }

    private sealed class Row
    {
        [ColumnName("noise")]
        public required float[] Noise { get; init; }

        [ColumnName("class_labels")]
        [VectorType(1)]
        public required long[] Label { get; init; }

        [ColumnName("guidance_scale")]
        public required float Scale { get; init; }

        [ColumnName("step_noise")]
        public required float[] StepNoise { get; init; }
    }
}
