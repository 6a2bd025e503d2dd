using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using TorchSharp;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class InpaintTests
{
    private static readonly DiffusionTransformer _model = TrainedModel.Shared;
    private static MLImage[] _images = null!;
    private static MLImage _right = null!;

    private static readonly Sampler[] _samplers = [new DdimSampler(8), new DdimSampler(8, 0.5), new DdpmSampler(8), new DpmSolverSampler(8), new HeunSampler(8)];
    private static readonly Sampler[] _deterministic = [new DdimSampler(8), new DpmSolverSampler(8), new EulerSampler(8), new HeunSampler(8)];

    public static IEnumerable<TestDataRow<(string Device, string Sampler)>> Samplers => EveryDevice.With(_samplers.Select(sampler => $"{sampler}"));

    public static IEnumerable<TestDataRow<(string Device, string Sampler)>> Deterministic => EveryDevice.With(_deterministic.Select(sampler => $"{sampler}"));

    [ClassInitialize]
    public static void Draw(TestContext context)
    {
        _images = TrainedModel.Unseen(6);
        _right = Pictures.Grey((x, _) => x >= Pictures.Side / 2 ? byte.MaxValue : byte.MinValue);
    }

    [ClassCleanup]
    public static void Free()
    {
        Array.ForEach(_images, image => image.Dispose());
        _right.Dispose();
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Inpaint_DarkPartOfTheMask_IsKeptExactly(string device, string sampler)
    {
        using var left = Pictures.Grey((x, _) => x < Pictures.Side / 2 ? byte.MaxValue : byte.MinValue);

        var painted = TrainedModel.On(device).Inpaint(_images, [_right], resamplings: 2, Options(Named(sampler)));

        for (var i = 0; i < _images.Length; i++)
        {
            Assert.AreEqual(0, Pictures.Distance(_images[i], painted[i], left));
            Assert.IsGreaterThan(0, Pictures.Distance(_images[i], painted[i], _right));
        }

        Pictures.Digest(painted);
    }

    // Also for samplers with a memory, or with two calls a step.
    [TestMethod]
    [DynamicData(nameof(Deterministic))]
    public void Inpaint_AllLightAndDeterministic_IsGeneration(string device, string sampler)
    {
        using var light = Pictures.Grey((_, _) => byte.MaxValue);
        var options = Options(Named(sampler));

        CollectionAssert.AreEqual(
            Pictures.Digests(TrainedModel.On(device).Generate(6, options)),
            Pictures.Digests(TrainedModel.On(device).Inpaint(_images, [light], 1, options)));
    }

    [TestMethod]
    [DynamicData(nameof(Samplers))]
    public void Inpaint_OneImage_IsTheSameInAnyBatch(string device, string sampler)
    {
        var together = Pictures.Digests(TrainedModel.On(device).Inpaint(_images, [_right, _right, _right, _right, _right, _right], 2, Options(Named(sampler))));

        CollectionAssert.AreEqual(together, Pictures.Digests(TrainedModel.On(device).Inpaint(_images, [_right], 2, Options(Named(sampler)))));
        CollectionAssert.AreEqual(together[..1], Pictures.Digests(TrainedModel.On(device).Inpaint(_images[..1], [_right], 2, Options(Named(sampler)))));
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Inpaint_FitsTheKeptPart(string device)
    {
        var options = Options(new DdpmSampler(50));

        var painted = Distance(TrainedModel.On(device).Inpaint(_images, [_right], 5, options), _right);
        var unrelated = Distance(TrainedModel.On(device).Generate(6, options), _right);

        Assert.IsLessThan(0.75 * unrelated, painted, $"{painted} against {unrelated}");
    }

    [TestMethod]
    public void Inpaint_Resamplings_AreCountedAsProgress()
    {
        var reports = new List<double>();

        Pictures.Digest(
            _model.Inpaint(_images[..4], [_right], 3, Options(new DdpmSampler(8)) with { Progress = new Direct<double>(reports.Add) }));

        Assert.HasCount((7 * 3) + 1, reports); // the last step is not repeated
        Assert.AreEqual(1.0, reports[^1]);
    }

    [TestMethod]
    public void Inpaint_JumpLength_DrawsOthersInAsManySteps()
    {
        var reports = new List<double>();
        var options = Options(new DdpmSampler(9)) with { Progress = new Direct<double>(reports.Add) };

        var far = Pictures.Digests(_model.Inpaint(_images[..2], [_right], 3, options, jumpLength: 4));

        Assert.HasCount((8 * 3) + 1, reports);
        CollectionAssert.AreNotEqual(Pictures.Digests(_model.Inpaint(_images[..2], [_right], 3, options)), far);
    }

    [TestMethod]
    public void Inpaint_CancelledAfterTwoSteps_EndsThere()
    {
        using var cancellation = new CancellationTokenSource();
        var reports = 0;
        var options = Options(new DdpmSampler(8)) with
        {
            CancellationToken = cancellation.Token,
            Progress = new Direct<double>(_ =>
            {
                if (++reports == 2)
                {
                    cancellation.Cancel();
                }
            }),
        };

        Assert.ThrowsExactly<OperationCanceledException>(() => _model.Inpaint(_images, [_right], 3, options));
        Assert.AreEqual(2, reports);
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void Edit_Labels_ReachTheNetwork(string device)
    {
        using var model = TinyModel.Train(TinyModel.Labelled);
        var options = Options(new DdimSampler(4));
        var latents = model.Encode(_images, options);

        Func<int[]?, MLImage[]>[] members =
        [
            labels => model.Decode(latents, options, labels),
            labels => model.ImageToImage(_images, 0.9, options, labels),
            labels => model.Inpaint(_images, [_right], 1, options, labels),
        ];
        foreach (var member in members)
        {
            var odd = Pictures.Digests(member([1, 1, 1, 1, 1, 1]));

            CollectionAssert.AreNotEqual(odd, Pictures.Digests(member(null)));
            Assert.AreEqual(odd[0], Pictures.Digests(member([1, 0, 0, 0, 0, 0]))[0]);
        }
    }

    [TestMethod]
    [DynamicData(nameof(EveryDevice.Names), typeof(EveryDevice))]
    public void EncodeAndEdit_LeaveNoTensorsBehind(string device) => Alone.Run(() =>
    {
        var options = Options(new DdimSampler(4));
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;

        Pictures.Digest(_model.Decode(_model.Encode(_images, options)));
        Pictures.Digest(_model.ImageToImage(_images, 0.5, options));
        Pictures.Digest(_model.Inpaint(_images, [_right], 2, options));
        Pictures.Digest(_model.InterpolateGrid([(1, 2)], [0, 1]));
        _model.AddNoise(_images, 100, seed: 1);
        _model.ReconstructionError(_images, options);

        Assert.AreEqual(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    });

    private static Sampler Named(string name) => _samplers.Union(_deterministic).First(sampler => $"{sampler}" == name);

    private static GenerationOptions Options(Sampler sampler) => new() { Sampler = sampler, BatchSize = 4, Seed = 9 };

    // Mean over the pictures.
    private static double Distance(MLImage[] images, MLImage mask)
    {
        var distance = images.Zip(_images, (a, b) => Pictures.Distance(a, b, mask)).Average();
        Pictures.Digest(images);
        return distance;
    }
}
