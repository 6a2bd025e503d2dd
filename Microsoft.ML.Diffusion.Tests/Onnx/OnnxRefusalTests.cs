using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.Onnx;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Onnx;

/// <summary>What is not saved as ONNX, and that then nothing is written.</summary>
[TestClass]
public sealed class OnnxRefusalTests : IDisposable
{
    private readonly DiffusionCatalog _catalog = new MLContext(seed: 1).Diffusion;
    private readonly TemporaryFolder _folder = new();

    private string Place => _folder.File("model.onnx");

    public void Dispose() => _folder.Dispose();

    [TestMethod]
    [DataRow(false)]
    [DataRow(true)]
    public void SaveOnnx_SamplerThatIsNotLinear_IsRefusedByName(bool isFarSighted)
    {
        File.WriteAllText(Place, "old");
        using var model = _catalog.LoadDiffusionModel(SavedModel.Model);
        Sampler sampler = isFarSighted ? new FarSightedSampler() : new AbsoluteSampler();

        Messages.Expect<NotSupportedException>(
            $"Sampler = {sampler} cannot be saved as ONNX, because its steps are more than sums of images times numbers. Save the network alone, or choose another sampler.",
            () => _catalog.SaveOnnx(model, Place, OnnxContent.Generator, new() { Sampler = sampler }));

        Assert.AreEqual("old", File.ReadAllText(Place));
        Assert.HasCount(1, Directory.GetFileSystemEntries(_folder.Path));
    }

    [TestMethod]
    public void Create_MoreThanTwoGibibytes_IsRefusedBeforeAWeightIsRead()
    {
        var options = new UNetOptions { BaseChannels = 512, ChannelMultipliers = [1, 2, 4], AttentionResolutions = [] };
        var model = new ModelDescription(
            new ImageShape(3, 32, 32), options, NoiseSchedule.Linear(), PredictionType.Epsilon, ModelVariance.Fixed, []);

        foreach (var content in Enum.GetValues<OnnxContent>())
        {
            var message = Assert.ThrowsExactly<NotSupportedException>(
                () => OnnxExport.Create(model, () => throw new InvalidOperationException(), content, new())).Message;

            StringAssert.Matches(message, new(
                "^The model cannot be saved as ONNX, because its file would have 3,681,[0-9]{3},[0-9]{3} bytes and can have 2,147,483,647 only: the network has 920,361,987 weights\\.$"));
        }
    }

    [TestMethod]
    public void SaveOnnx_WrongArguments_AreNamed()
    {
        using var model = _catalog.LoadDiffusionModel(Garments.ModelPath);

        Messages.Expect<ArgumentOutOfRangeException>(
            "content must be Network or Generator. (Parameter 'content')\nActual value was 7.",
            () => _catalog.SaveOnnx(model, Place, (OnnxContent)7));
        Messages.Expect<ArgumentOutOfRangeException>(
            "Variance must be FixedSmall or FixedLarge, because the model was trained with Variance = Fixed and has learned none. (Parameter 'Variance')\nActual value was Learned.",
            () => _catalog.SaveOnnx(model, Place, OnnxContent.Generator, new() { Sampler = new DdpmSampler(4, DdpmVariance.Learned) }));
        Assert.ThrowsExactly<IOException>(() => _catalog.SaveOnnx(model, _folder.File("nowhere/model.onnx"), OnnxContent.Network));
        model.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => _catalog.SaveOnnx(model, Place, OnnxContent.Network));
        Assert.IsEmpty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [TestMethod]
    public void LinearRun_LongRun_IsReadInMoments()
    {
        var run = new LinearRun(new DdpmSampler(1000) { Timesteps = TimestepSubset.Trailing(1000) }, NoiseSchedule.Linear());

        Assert.AreEqual((1000, 999, false), (run.Calls.Count, run.NumberOfDraws, run.LearnsVariance));
        CollectionAssert.AreEqual(
            new[] { (RunValue.Input, 0), (RunValue.Original, 0) },
            run.Terms.Select(term => (term.Value, term.Age)).ToArray());
    }

    private sealed record AbsoluteSampler() : Sampler(TimestepSubset.Trailing(4))
    {
        public override bool IsStochastic => false;

        protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context) =>
            new(Batch.Create(x.Count, x.Values.Length, (image, values) =>
                System.Numerics.Tensors.TensorPrimitives.Abs(context.PredictedOriginal.Values[image], values)));
    }

    // Looks back further than runs are searched.
    private sealed record FarSightedSampler() : Sampler(TimestepSubset.Trailing(100))
    {
        public override bool IsStochastic => false;

        protected override ImageBatch TakeStep(ImageBatch x, SamplingContext context)
        {
            var first = context.Earlier.Count > 0 ? context.Earlier[^1].Prediction : x;
            context.Remember(context.PredictedOriginal, 100);
            return ImageBatch.Sum((0.5, x), (0.5, first));
        }
    }
}
