using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Generation;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training;
using static Microsoft.ML.Diffusion.Tests.Serving.ServedTiny;

namespace Microsoft.ML.Diffusion.Tests.Serving;

/// <summary>What listeners hear. The instruments are those of the process: nothing else may run meanwhile.</summary>
[TestClass]
[DoNotParallelize]
public sealed class TelemetryTests
{
    [TestMethod]
    public void Generate_TellsImagesAndTheTimeOfEachBatch()
    {
        using var heard = new Heard();

        Pictures.Digest(Tiny.Generate(5, Tiny.Generation with { BatchSize = 2, Sampler = new DdpmSampler(2) }));

        CollectionAssert.AreEqual(new[] { 2.0, 2, 1 }, heard.Values("diffusion.generation.images"));
        Assert.HasCount(3, heard.Values("diffusion.generation.batch.duration"));
        Assert.IsTrue(heard.Values("diffusion.generation.batch.duration").All(seconds => seconds is > 0 and < 100));
        Assert.AreEqual("DdpmSampler", heard.Tags["diffusion.generation.images"]["diffusion.sampler"]);
        Assert.AreEqual("{image}", heard.Units["diffusion.generation.images"]);
        Assert.AreEqual("s", heard.Units["diffusion.generation.batch.duration"]);
    }

    [TestMethod]
    public void Fit_TellsEachStepItsImagesAndItsLoss()
    {
        using var heard = new Heard();

        using var model = TinyModel.Train();

        Assert.AreEqual(10, heard.Values("diffusion.training.steps").Sum());
        Assert.AreEqual(80, heard.Values("diffusion.training.images").Sum());
        Assert.HasCount(10, heard.Values("diffusion.training.loss"));
        Assert.IsTrue(heard.Values("diffusion.training.loss").All(loss => loss is > 0 and < 10));
    }

    [TestMethod]
    public async Task Queue_TellsItsLengthAndHowLongImagesWaited()
    {
        using var heard = new Heard();
        var generator = new BatchingGenerator(Tiny, WhenFull);
        using var cancellation = new CancellationTokenSource();
        var cancelled = generator.GenerateAsync(new ImageRequest(), cancellation.Token);
        var waiting = Seeds(0, 2).Select(request => generator.GenerateAsync(request)).ToList();
        Assert.AreEqual(3, heard.Observe("diffusion.queue.length"));
        await cancellation.CancelAsync();
        Assert.AreEqual(2, heard.Observe("diffusion.queue.length"));
        Assert.IsEmpty(heard.Values("diffusion.queue.duration"));

        waiting.AddRange(Seeds(2, 2).Select(request => generator.GenerateAsync(request)));
        await Task.WhenAll(waiting);

        Assert.AreEqual(0, heard.Observe("diffusion.queue.length"));
        Assert.HasCount(4, heard.Values("diffusion.queue.duration"));
        var left = generator.GenerateAsync(new ImageRequest());
        generator.Dispose();
        Assert.AreEqual(0, heard.Observe("diffusion.queue.length"));
        await Assert.ThrowsAsync<OperationCanceledException>(() => cancelled);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => left);
    }

    [TestMethod]
    public void Activity_OfABatch_SaysWhatItIsAndWhetherItEndedWell()
    {
        using var heard = new Heard();
        using var cancellation = new CancellationTokenSource();

        Pictures.Digest(Tiny.Generate(3, Tiny.Generation with { Sampler = new DdimSampler(4) }));
        Assert.ThrowsExactly<OperationCanceledException>(() => Tiny.Generate(1, Tiny.Generation with
        {
            Observer = _ => cancellation.Cancel(),
            CancellationToken = cancellation.Token,
        }));

        Assert.HasCount(2, heard.Activities);
        var (whole, broken) = (heard.Activities[0], heard.Activities[1]);
        Assert.AreEqual("diffusion.generate", whole.OperationName);
        Assert.AreEqual("DdimSampler", whole.GetTagItem("diffusion.sampler"));
        Assert.AreEqual(4, whole.GetTagItem("diffusion.steps"));
        Assert.AreEqual(3, whole.GetTagItem("diffusion.images"));
        Assert.AreEqual(ActivityStatusCode.Unset, whole.Status);
        Assert.AreEqual(ActivityStatusCode.Error, broken.Status);
        CollectionAssert.AreEqual(new[] { 3.0 }, heard.Values("diffusion.generation.images"), "an image that is not is not counted");
    }

    [TestMethod]
    public async Task Activity_OfJoinedRequests_IsLinkedToTheirs()
    {
        using var heard = new Heard();
        var generator = new BatchingGenerator(Tiny, WhenFull);
        var images = new List<Task<MLImage>>();
        var origins = new List<ActivityContext>();
        for (var seed = 0; seed < 4; seed++)
        {
            using var request = new Activity($"request {seed}").Start();
            origins.Add(request.Context);
            images.Add(generator.GenerateAsync(new ImageRequest { Seed = seed }));
        }

        await Task.WhenAll(images);
        await generator.DisposeAsync();

        var batch = heard.Activities.Single(activity => activity.OperationName == "diffusion.batch");
        CollectionAssert.AreEqual(origins, batch.Links.Select(link => link.Context).ToList());
        Assert.AreEqual(4, batch.GetTagItem("diffusion.images"));
        Assert.IsNull(batch.ParentId, "the thread is of no request");
        Assert.AreEqual(batch.Id, heard.Activities.Single(activity => activity.OperationName == "diffusion.generate").ParentId);
    }

    [TestMethod]
    public void WithoutListeners_NothingIsMadeForThem()
    {
        var sampler = new DdimSampler(2);
        TrainingTelemetry.Add(8, 0.5);
        MeasuredBatch.Start(sampler, 2, 1).Done();
        var before = GC.GetAllocatedBytesForCurrentThread();

        for (var i = 0; i < 1_000; i++)
        {
            TrainingTelemetry.Add(8, 0.5);
        }

        Assert.AreEqual(0, GC.GetAllocatedBytesForCurrentThread() - before);
        using (var batch = MeasuredBatch.Start(sampler, 2, 1))
        {
            batch.Done();
        }

        Assert.IsLessThan(100, GC.GetAllocatedBytesForCurrentThread() - before, "one small object a batch");
    }

    /// <summary>A listener to all that the library tells.</summary>
    private sealed class Heard : IDisposable
    {
        private readonly Lock _turn = new();
        private readonly List<(string Name, double Value)> _values = [];
        private readonly MeterListener _meters = new();
        private readonly ActivityListener _activities;

        public Heard()
        {
            _meters.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Meter.Name == DiffusionTelemetry.Name)
                {
                    Units[instrument.Name] = instrument.Unit;
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _meters.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
            _meters.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
            _meters.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
            _meters.Start();
            _activities = new ActivityListener
            {
                ShouldListenTo = source => source.Name == DiffusionTelemetry.Name,
                Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
                ActivityStopped = activity =>
                {
                    lock (_turn)
                    {
                        Activities.Add(activity);
                    }
                },
            };
            ActivitySource.AddActivityListener(_activities);
        }

        public List<Activity> Activities { get; } = [];

        public Dictionary<string, string?> Units { get; } = [];

        public Dictionary<string, Dictionary<string, object?>> Tags { get; } = [];

        public double[] Values(string name)
        {
            lock (_turn)
            {
                return [.. _values.Where(value => value.Name == name).Select(value => value.Value)];
            }
        }

        public double Observe(string name)
        {
            _meters.RecordObservableInstruments();
            return Values(name)[^1];
        }

        public void Dispose()
        {
            _meters.Dispose();
            _activities.Dispose();
        }

        private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            lock (_turn)
            {
                _values.Add((instrument.Name, value));
                Tags[instrument.Name] = new Dictionary<string, object?>(tags.ToArray());
            }
        }
    }
}
