using Microsoft.ML.Diffusion.Persistence.Diffusers;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Diffusion.Samples;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Culture;

/// <summary>Texts are the same under a culture with other separators.</summary>
[TestClass]
public sealed class CultureTests
{
    private static readonly TrainingProgress _progress = Progress(1234, 0.5, 0.75);

    private static readonly TrainingSummary _summary =
        new(1234, 5678, 32, finalLoss: 0.125, skippedSteps: 3, seconds: 1234567.5, seed: -7, validationLoss: 0.5, modelStep: 1000);

    private static readonly string[] _types = [.. Instances.TypesOf(typeof(DiffusionOptions).Assembly).Where(type => type != typeof(BatchingGenerator)).Select(type => type.Name)];

    /// <summary>Those that cannot be made, such as a model's, are seen by <see cref="CultureScanTests"/>.</summary>
    public static IEnumerable<object[]> Types => _types.Select(name => new object[] { name });

    [TestMethod]
    [DynamicData(nameof(Types))]
    public void ToString_OfThePublicType_IsTheSame(string name)
    {
        var sampler = new DdimSampler(20, 0.5) { Timesteps = TimestepSubset.Karras(20, 6.5), Clipping = Clipping.Dynamic(0.995) };
        var instances =
            new Instances(
                (typeof(Sampler), sampler),
                (typeof(TimestepSubset), sampler.Timesteps),
                (typeof(Clipping), sampler.Clipping),
                (typeof(NoiseSchedule), NoiseSchedule.Linear(1000, 0.0001, 0.02)));
        var value = instances.Of(Instances.TypesOf(typeof(DiffusionOptions).Assembly).Single(type => type.Name == name));

        Assert.AreEqual($"{value}", OtherCulture.In(() => $"{value}"));
    }

    [TestMethod]
    public void ToString_NumbersWithFractions_HaveAPoint()
    {
        Assert.AreEqual("DDIM, 20 karras steps of rho 6.5, eta 0.5, x_0 clipped to [-1.5, 1.5], guidance 1.5, seed -5", OtherCulture.In(() => new GenerationOptions
        {
            Sampler = new DdimSampler(20, 0.5) { Timesteps = TimestepSubset.Karras(20, 6.5), Clipping = Clipping.Static(1.5) },
            GuidanceScale = 1.5,
            Seed = -5,
        }.ToString()));
        StringAssert.Contains(
            OtherCulture.In(() => new TrainingOptions { LearningRate = 1.5e-4, Duration = TimeSpan.FromHours(25.5) }.ToString()),
            "Duration = 1.01:30:00, ");
        StringAssert.Contains(
            OtherCulture.In(() => new UNetOptions { Dropout = 0.25 } with { ChannelMultipliers = [1, 2] }).ToString(),
            "x [1, 2]");
        StringAssert.Contains(
            OtherCulture.In(() => new DiffusionOptions { PixelScale = 0.5f, OutputColumns = new() { LatentTimestep = -3 } }.ToString()),
            "PixelScale = 0.5, ");
    }

    [TestMethod]
    public void Progress_Weeks_ShowsTheDays()
    {
        Assert.AreEqual(
            "step 1234 of 1234000 (0 %), epoch 1.25, loss 0.5000, validation loss 0.7500, learning rate 0.00015, 100 images/s, 20 days 19:30:00 left, 2 steps skipped",
            OtherCulture.In(_progress.ToString));
        StringAssert.StartsWith(OtherCulture.In(_summary.ToString), "5678 steps of 32 from 1234 images in 14 days 06:56:07, ");
    }

    [TestMethod]
    [DataRow(0, "00:00:00")]
    [DataRow(86_399.9, "23:59:59")]
    [DataRow(86_400, "1 day 00:00:00")]
    [DataRow(3 * 86_400 + 3661, "3 days 01:01:01")]
    [DataRow(1e9, "11574 days 01:46:40")]
    public void Time_Length_TellsItsDays(double seconds, string expected)
    {
        Assert.AreEqual(expected, OtherCulture.In(() => TimeText.Of(TimeSpan.FromSeconds(seconds))));
        Assert.AreEqual(expected, RunTexts.Time(TimeSpan.FromSeconds(seconds)));
    }

    [TestMethod]
    public void Sources_Times_AreToldByOneMethod()
    {
        var places = new[] { "Microsoft.ML.Diffusion", "samples", "benchmarks", "fuzz" }
            .SelectMany(folder => Directory.EnumerateFiles(Build.BuildFiles.InRoot(folder), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin"))
            .Where(file => System.Text.RegularExpressions.Regex.IsMatch(File.ReadAllText(file), @"m\\+:ss")).Select(Path.GetFileName);

        Assert.AreSequenceEqual(["TimeText.cs"], places.ToArray());
    }

    [TestMethod]
    public void Report_Training_IsTheSame()
    {
        var (report, other) = (Report(), OtherCulture.In(Report));

        Assert.IsEmpty(
            report.Zip(other)
                .Where(lines => lines.First != lines.Second)
                .Select(lines => lines.Second[..Math.Min(200, lines.Second.Length)])
                .ToList());
        Assert.HasCount(report.Length, other);
        StringAssert.Contains(string.Concat(report), "14 days 06:56:07");
    }

    [TestMethod]
    public void Evaluations_OfNumbers_AreTheSame()
    {
        string[] Messages() =>
        [
            Message(() => new DiffusionOptions { PixelScale = 0.5f, Training = new() { LearningRate = -1.5 } }.Validate()),
            Message(() => new TrainingOptions { EmaDecay = 1.5 }.Validate()),
            Message(() => Clipping.Static(-1.5)),
            Message(() => NoiseSchedule.Linear(10, -0.5, 1.5)),
            Message(() => _ = new DdimSampler(10, -0.5)),
            Message(() => DiffusersExport.Require(false, "Dropout", -0.25, "drops nothing")),
        ];

        Assert.AreSequenceEqual(Messages(), OtherCulture.In(Messages));
    }

    /// <summary>What the library says; .NET adds the value itself, as the culture writes it.</summary>
    private static string Message(Action action) => Assert.Throws<Exception>(action).Message.Split(" (Parameter '")[0];

    private static string[] Report()
    {
        using var folder = new TemporaryFolder();
        TrainingHistory.SaveCsv(folder.File("training.csv"), [_progress, Progress(2000, double.NaN, 0.25)]);
        var page =
            new ReportPage(
                "",
                "",
                [
                    ReportSections.Loss([_progress, Progress(2000, 0.25, 0.75)]),
                    ReportSections.Figures(_summary, ("All", RunTexts.Time(TimeSpan.FromDays(2)))),
                ]);
        return string.Join('\n', File.ReadAllText(folder.File("training.csv")), RunTexts.Describe(_summary), page.ToHtml())
            .Split('\n');
    }

    private static TrainingProgress Progress(int step, double loss, double validationLoss) =>
        new(
            step,
            epoch: 1.25,
            fraction: 0.001,
            loss,
            learningRate: 1.5e-4,
            imagesPerSecond: 99.5,
            elapsed: TimeSpan.FromMinutes(30),
            skippedSteps: 2,
            validationLoss);
}
