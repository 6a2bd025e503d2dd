using System.Diagnostics;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>The library, through what its users call.</summary>
internal static class ProjectSide
{
    public static Measurement Measure(Configuration configuration)
    {
        var times = new List<TimeSpan>();
        var mlContext = new MLContext(seed: 1);
        var options = new DiffusionOptions
        {
            Network = new UNetOptions
            {
                BaseChannels = configuration.BaseChannels,
                ChannelMultipliers = configuration.Multipliers,
                NumberOfResidualBlocks = configuration.Blocks,
                AttentionResolutions = [configuration.AttentionAt],
                Dropout = 0,
            },
            Schedule = NoiseSchedule.Linear(),
            Prediction = PredictionType.Epsilon,
            Training = new TrainingOptions
            {
                NumberOfSteps = configuration.WarmupSteps + configuration.TrainingSteps,
                BatchSize = configuration.BatchSize,
                Precision = configuration.Precision,
                ReportEverySteps = 1,
                Progress = new Receiver(times),
            },
            Device = configuration.Device,
        };
        using var model = mlContext.Transforms.DiffusionTrainer("Generated", "Pixels", options).Fit(Rows(mlContext, configuration));
        var step = Median(times.Zip(times.Skip(1), (from, to) => (to - from).TotalSeconds).TakeLast(configuration.TrainingSteps));
        var peak = PeakMemory.Megabytes;

        var generation =
            new GenerationOptions { Sampler = new DdimSampler(Configuration.SamplingSteps), BatchSize = configuration.BatchSize, Seed = 1 };
        var sampling = Enumerable.Range(0, Configuration.SamplingRuns).Min(_ =>
        {
            var clock = Stopwatch.StartNew();
            foreach (var image in model.Generate(configuration.BatchSize * configuration.SamplingBatches, generation))
            {
                image.Dispose();
            }

            return clock.Elapsed.TotalSeconds;
        });
        return new Measurement(configuration.BatchSize / step, configuration.BatchSize * configuration.SamplingBatches / sampling, peak, model.NumberOfParameters);
    }

    public static IDataView Rows(MLContext mlContext, Configuration configuration)
    {
        var random = new Random(0);
        var length = configuration.Channels * configuration.ImageSize * configuration.ImageSize;
        var rows =
            Enumerable.Range(0, 2 * configuration.BatchSize)
                .Select(_ => new Row(Enumerable.Range(0, length).Select(_ => (float)random.Next(256)).ToArray()))
                .ToList();
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Pixels)].ColumnType =
            new VectorDataViewType(NumberDataViewType.Single, configuration.Channels, configuration.ImageSize, configuration.ImageSize);
        return mlContext.Data.LoadFromEnumerable(rows, schema);
    }

    public static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted[sorted.Count / 2];
    }

    private sealed record Row(float[] Pixels);

    private sealed class Receiver(List<TimeSpan> times) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => times.Add(value.Elapsed);
    }
}
