using System.Globalization;
using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>
/// Options drawn by a number, ordinary ones with one or two extremes among them, and what must hold of them: refused before training, or the model
/// can be saved and loaded again, and is the same.
/// </summary>
internal static class SavedOptions
{
    private const int Side = 8;

    /// <summary>Trains one step with the options of a number, saves, and loads.</summary>
    /// <param name="number">Which options.</param>
    /// <param name="folder">Where files may be written.</param>
    /// <returns>Whether the options were taken, and what went wrong; null if nothing did.</returns>
    public static (bool Taken, string? Failure) Try(int number, string folder)
    {
        var random = new Random(number);
        var (path, context) = (Path.Combine(folder, "model.zip"), new MLContext(seed: number));
        DiffusionTransformer model;
        IDataView rows;
        try
        {
            rows = Rows(context, Names(random));
            var estimator = context.Transforms.DiffusionTrainer(Column(random, "Generated"), "Image", Options(random));
            model = estimator.Fit(rows);
        }
        catch (ArgumentOutOfRangeException error)
        {
            return (false, error.Message.Length < 2_000 ? null : $"{number}: a message of {error.Message.Length} letters");
        }
        catch (Exception error)
        {
            return (false, $"{number}: {error}");
        }

        using (model)
        {
            try
            {
                File.Delete(path);
                context.Diffusion.SaveModel(model, rows.Schema, path);
                using var loaded = context.Diffusion.LoadDiffusionModel(path);
                return (true, Difference(model, loaded) is { } difference ? $"{number}: {difference}" : null);
            }
            catch (Exception error)
            {
                return (true, $"{number}: {error}");
            }
        }
    }

    private static string? Difference(DiffusionTransformer model, DiffusionTransformer loaded) =>
        model.ToString() != loaded.ToString() ? $"{model} is {loaded}"
        : model.Generation != loaded.Generation ? $"{model.Generation} is {loaded.Generation}"
        : !model.ClassNames.SequenceEqual(loaded.ClassNames) ? "the classes differ"
        : null;

    private static DiffusionOptions Options(Random random)
    {
        var timesteps = Often(random, 20, 1, 2, 1_000, 9_999, 10_000, 10_001, 2_000_000);
        var groups = Often(random, 2, 1, 4, 65_536, 65_537);
        var schedule = random.Next(5) switch
        {
            0 => NoiseSchedule.Linear(timesteps),
            1 => NoiseSchedule.FromBetas([.. Enumerable.Repeat(0.0123456789012345, timesteps)]),
            2 => NoiseSchedule.Sigmoid(timesteps, Often(random, 1e-4, double.Epsilon, 1e-300), 0.02),
            _ => NoiseSchedule.Cosine(timesteps),
        };
        return new DiffusionOptions
        {
            Network = new UNetOptions
            {
                NumberOfNormalizationGroups = groups,
                BaseChannels = Often(random, 4, 2, 8, 65_538, 2_000_000_000),
                ChannelMultipliers = Often<int[]>(random, [1], [1, 2], [1, 1, 1, 1], [], [1, 65_536], [.. Enumerable.Repeat(1, 17)]),
                NumberOfResidualBlocks = Often(random, 1, 2, 60, 200, 2_000_000_000),
                AttentionResolutions = Often<int[]>(random, [], [4, 8], [-1, 0, int.MaxValue], [.. Enumerable.Range(0, 64)], [.. Enumerable.Range(0, 65)]),
                AttentionHeadDimension = Often<int?>(random, null, 1, 2, 0, 2_000_000_000),
                Dropout = Often(random, 0.1, 0, 1 - 1e-16, 1, double.NaN),
                PatchSize = Often(random, 1, 2, 8, 64, 65, 2_000_000_000),
                Details = new UNetDetails { TimestepFeatures = Often<int?>(random, null, 1, 3, 262_145), MiddleScale = Often(random, 1, 1e-300, 1e300) },
            },
            Schedule = schedule,
            Variance = random.Next(2) == 0 ? ModelVariance.Fixed : ModelVariance.LearnedRange,
            LabelColumnName = "Label",
            Generation = Generation(random, timesteps),
            OutputColumns = new OutputColumnOptions
            {
                Latent = random.Next(3) == 0 ? Column(random, "Latent") : null,
                LatentTimestep = Often<int?>(random, null, 0, 19, 9_999),
                NumberOfLikelihoodTimesteps = Often<int?>(random, null, 2, 20, 10_000),
                EncodingSampler = random.Next(4) == 0 ? new DdimSampler(Math.Clamp(timesteps, 1, 10_000)) : null,
            },
            PixelScale = Often(random, 1f, float.BitIncrement(1)),
            PixelOffset = Often(random, 0f, float.Epsilon),
            Training = new TrainingOptions { NumberOfSteps = 1, BatchSize = Often(random, 2, 1, 65_536 + 1, 2_000_000_000) },
            Seed = Often(random, 1, long.MinValue, long.MaxValue),
            Device = "cpu",
        };
    }

    private static GenerationOptions Generation(Random random, int timesteps)
    {
        var steps = Often(random, Math.Clamp(timesteps, 1, 5), 1, 10_000, 10_001, 2_000_000_000);
        var subset = random.Next(6) switch
        {
            0 => TimestepSubset.Karras(steps, Often(random, 7, 1, 1e6), Often(random, 80, double.PositiveInfinity, 1e-6)),
            1 => TimestepSubset.LogSnr(steps, sigmaMin: Often<double?>(random, null, 1e-9, 79)),
            2 => TimestepSubset.Of([.. Enumerable.Range(0, Math.Clamp(timesteps, 1, 10_001))]),
            3 => TimestepSubset.OfPairs([.. Enumerable.Range(0, Math.Clamp(timesteps, 1, 10_000)).Reverse().Select(t => new TimestepPair(t, t - 1))]),
            _ => TimestepSubset.Trailing(steps),
        };
        Sampler sampler = random.Next(3) switch { 0 => new DdpmSampler(1), 1 => new DdimSampler(1, Often(random, 0, 1, 1e-300)), _ => new DpmSolverSampler() };
        return new GenerationOptions
        {
            Sampler = sampler with
            {
                Timesteps = subset,
                Clipping = random.Next(3) switch
                {
                    0 => Clipping.None,
                    1 => Clipping.Static(Often(random, 1, 1e-300, 1e300)),
                    _ => Clipping.Dynamic(Often(random, 0.995, 1e-300, 1), Often(random, double.PositiveInfinity, 1, 1e300)),
                },
            },
            BatchSize = Often<int?>(random, null, 1, 65_536, 65_537, 2_000_000_000),
            GuidanceScale = Often(random, 1, 0, 1e300, double.MaxValue),
            GuidanceRescale = Often(random, 0, 1, double.Epsilon),
            GuidanceSigmaMin = Often(random, 0, 1e300),
            GuidanceSigmaMax = Often(random, double.PositiveInfinity, double.MaxValue, 1),
            Seed = Often<long?>(random, null, long.MinValue, long.MaxValue),
        };
    }

    private static string[] Names(Random random)
    {
        var (count, letters) = (Often(random, 2, 1, 100, 200, 10_000, 10_001), Often(random, 5, 10, 500, 1_000, 1_001, 100_000));
        var fill = Often(random, "a", "\u00fc", "\u2028", "\ud83d\ude00", "<")[0].ToString();
        fill = fill is "\ud83d" ? "\u4e16" : fill;
        return [.. Enumerable.Range(0, count)
            .Select(i => i.ToString(CultureInfo.InvariantCulture).PadLeft(5, '0'))
            .Select(name => name + string.Concat(Enumerable.Repeat(fill, Math.Max(0, (count > 200 ? Math.Min(letters, 5) : letters) - 5))))];
    }

    private static string Column(Random random, string name) => name + new string('c', Often(random, 0, 100, 1_000 - name.Length, 1_000));

    private static IDataView Rows(MLContext context, string[] names)
    {
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 1, Side, Side);
        var rows =
            context.Data.LoadFromEnumerable(
                Enumerable.Range(0, 3).Select(i => new Row { Image = [.. Enumerable.Range(0, Side * Side).Select(p => (float)((p * (i + 1)) % 256))], Class = names[i % names.Length] }).ToList(),
                schema);
        var keys = context.Data.LoadFromEnumerable(names.Select(name => new { Class = name }));
        return context.Transforms.Conversion.MapValueToKey("Label", "Class", keyData: keys).Fit(rows).Transform(rows);
    }

    // One value nearly always, so that few of many are extreme at once.
    private static T Often<T>(Random random, T usual, params T[] others) => random.Next(12) > 0 ? usual : others[random.Next(others.Length)];

    /// <summary>An image of a class.</summary>
    private sealed class Row
    {
        public float[] Image { get; set; } = [];

        public string Class { get; set; } = "";
    }
}
