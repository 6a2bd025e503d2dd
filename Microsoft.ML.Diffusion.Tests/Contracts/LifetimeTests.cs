using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

/// <summary>A model that is disposed, or moved, while it is used.</summary>
[TestClass]
public sealed class LifetimeTests
{
    private static readonly DiffusionOptions _oneStep =
        TinyModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 } };

    private readonly MLContext _mlContext = new(seed: 3);
    private readonly DiffusionTransformer _model = TinyModel.Train(_oneStep);

    [TestMethod]
    public void Dispose_InTheMiddleOfACall_LetsItEndWell()
    {
        var expected = Pictures.Digest(_model.Generate(2));
        var options = _model.Generation with { Observer = _ => _model.Dispose() };

        Assert.AreEqual(expected, Pictures.Digest(_model.Generate(2, options)));

        Assert.ThrowsExactly<ObjectDisposedException>(() => _model.Generate(1));
    }

    [TestMethod]
    public void Dispose_InTheMiddleOfEachCall_LetsItEndWell()
    {
        var images = _model.Generate(2);
        var disposing = _model.Generation with { Progress = new Direct<double>(_ => _model.Dispose()) };

        Assert.HasCount(2, _model.Decode(_model.Encode(images), disposing));

        using var second = TinyModel.Train(_oneStep);
        var judge = new LikelihoodOptions { NumberOfTimesteps = 3, Seed = 1, Progress = new Direct<double>(_ => second.Dispose()) };
        Assert.IsTrue(double.IsFinite(second.EvaluateLikelihood(images, judge).BitsPerDimension));
    }

    [TestMethod]
    public void Rows_OfADisposedModel_SayThatItIsDisposed()
    {
        var transformed = _model.Transform(Pictures.Rows(_mlContext));
        var generated = _mlContext.Diffusion.GenerateDataView(_model, 12);
        using var cursor = generated.GetRowCursor(generated.Schema);
        var get = cursor.GetGetter<MLImage>(generated.Schema["Image"]);
        MLImage image = null!;
        cursor.MoveNext();
        get(ref image);

        _model.Dispose();

        while (cursor.Position < 3)
        {
            cursor.MoveNext();
            get(ref image); // of the batch that is there
        }

        cursor.MoveNext();
        Assert.ThrowsExactly<ObjectDisposedException>(() => get(ref image));
        Assert.ThrowsExactly<ObjectDisposedException>(() => transformed.GetColumn<MLImage>("Generated").ToList());
    }

    [TestMethod]
    public void Rows_OfAModelWhoseWeightsAnotherHas_AreGenerated()
    {
        using var other = _model.WithColumns(new OutputColumnOptions());
        var rows = _model.Transform(Pictures.Rows(_mlContext));

        _model.Dispose();

        Assert.HasCount(8, rows.GetColumn<MLImage>("Generated").ToList());
    }

    [TestMethod]
    public void ToDevice_InTheMiddleOfACall_IsRefused()
    {
        var options = _model.Generation with { Observer = _ => _model.ToDevice("cpu") };

        var error = Assert.ThrowsExactly<InvalidOperationException>(() => _model.Generate(1, options));

        Assert.AreEqual("The model is in use: change it when the calls and rows that use it are done.", error.Message);
        Assert.AreEqual("cpu", _model.ToDevice("cpu").Device);
    }

    [TestMethod]
    public void MoveTo_AnotherEngine_KeepsTheWeightsAndWhatTheyGenerate()
    {
        var (weights, expected) = (Weights.Digest(_model), Levels());

        _model.Model.MoveTo(ComputeDevice.Torch);

        Assert.AreEqual("torch", _model.Device);
        Assert.AreEqual(weights, Weights.Digest(_model));
        Assert.IsLessThanOrEqualTo(1, expected.Zip(Levels(), (before, after) => Math.Abs(before - after)).Max());
        _model.Dispose();
        Assert.ThrowsExactly<ObjectDisposedException>(() => _model.Model.MoveTo(ComputeDevice.Cpu));

        byte[] Levels() => [.. _model.Generate(2).SelectMany(image => image.Pixels.ToArray())];
    }

    [TestMethod]
    public void Fit_FromAModelThatIsDisposedMeanwhile_EndsWell()
    {
        var training = _oneStep.Training with { Progress = new Direct<TrainingProgress>(_ => _model.Dispose()), ReportEverySteps = 1 };
        var trainer = _mlContext.Transforms.DiffusionTrainer("Generated", "Image", _oneStep with { Training = training });

        using var tuned = trainer.Fit(Pictures.Rows(_mlContext), _model);

        Assert.ThrowsExactly<ObjectDisposedException>(() => _model.Generate(1));
        Assert.HasCount(1, tuned.Generate(1));
        Assert.ThrowsExactly<ObjectDisposedException>(() => trainer.Fit(Pictures.Rows(_mlContext), _model));
    }

    [TestMethod]
    public async Task Snapshot_ReadByAnotherThread_ClosesWhenItIsDone()
    {
        var reads = new List<Task<float[]>>();
        var options = _model.Generation with
        {
            Sampler = new DdimSampler(50),
            Observer = snapshot =>
            {
                reads.Add(Task.Run(snapshot.GetSample));
                if (snapshot.Step % 2 == 0)
                {
                    reads[^1].Wait(); // the others race with the observer's end
                }
            },
        };

        _model.Generate(1, options);

        var whole = 0;
        foreach (var read in reads)
        {
            try
            {
                Assert.HasCount(Pictures.Side * Pictures.Side, await read);
                whole++;
            }
            catch (ObjectDisposedException)
            {
                // too late: the observer had returned
            }
        }

        Assert.HasCount(50, reads);
        Assert.IsGreaterThanOrEqualTo(25, whole);
    }
}
