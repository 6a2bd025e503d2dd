using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Processes;

/// <summary>
/// A training with everything that has a state (classes, dropout, flips, augmentation, accumulated gradients, loss-aware timesteps, a learned variance, the best weights,
/// early stopping), which ends its own process somewhere on the way.
/// </summary>
internal static partial class InterruptedRun
{
    public const int CheckpointEverySteps = 4;

    private const int SigTerm = 15;
    private const int Side = 4;

    private static readonly TimeSpan _longEnough = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _untilTheRunIsTold = TimeSpan.FromMilliseconds(100); // its handler is the next to be called

    /// <summary>Trains, or goes on, prints each step as it is taken, and at the end the weights' digest, the steps and why it ended.</summary>
    /// <param name="folder">Of the checkpoints; empty for none.</param>
    /// <param name="end">"kill N" or "term N": the signal once step N is taken; "write N": SIGKILL in the middle of the N-th write of this process; "never".</param>
    public static void Run(string folder, string end)
    {
        var (what, number) = end.Split(' ') is [var word, var text] ? (word, int.Parse(text, CultureInfo.InvariantCulture)) : (end, 0);
        if (what == "write")
        {
            new Thread(() => KillInWrite(folder, number)) { IsBackground = true }.Start();
        }

        using var model = Train(folder, progress =>
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"step {progress.Step}"));
            if (progress.Step == number)
            {
                Signal(what);
            }
        });
        Console.WriteLine($"{RunIdentities.Digest(model.Model.Weights())} {model.Training!.Steps} {model.Training.End}");
    }

    /// <summary>Trains in a process that handles SIGTERM itself and does not end by it, as a web server does.</summary>
    public static void RunInHost(string folder, int step)
    {
        var told = false;
        using var host = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => (context.Cancel, told) = (true, true));
        try
        {
            using var model = Train(folder, progress =>
            {
                if (progress.Step == step)
                {
                    Signal("term");
                }
            });
        }
        catch (OperationCanceledException exception)
        {
            Console.WriteLine($"{(told ? "host was told" : "host was not told")}; Fit: {exception.Message}");
        }
    }

    /// <summary>The training alone.</summary>
    /// <param name="folder">Of the checkpoints; empty for none.</param>
    /// <param name="receive">Receives each step.</param>
    /// <param name="change">Changes the options; null does not.</param>
    public static DiffusionTransformer Train(
        string folder,
        Action<TrainingProgress> receive,
        Func<TrainingOptions, TrainingOptions>? change = null)
    {
        var mlContext = new MLContext(seed: 3);
        var options = new DiffusionOptions
        {
            Network = new UNetOptions
            {
                BaseChannels = 8,
                ChannelMultipliers = [1],
                NumberOfResidualBlocks = 1,
                AttentionResolutions = [4],
                NumberOfNormalizationGroups = 4,
                Dropout = 0.1,
            },
            Schedule = NoiseSchedule.Cosine(20),
            Variance = ModelVariance.LearnedRange,
            LabelColumnName = nameof(Row.Label),
            Seed = 7,
            Device = "cpu",
            Training = new TrainingOptions
            {
                NumberOfSteps = 400,
                BatchSize = 4,
                GradientAccumulationSteps = 2,
                LearningRate = 5e-3,
                LabelDropout = 0.2,
                FlipHorizontally = true,
                Augmentation = new AugmentationOptions { Probability = 0.4 },
                TimestepSampling = TimestepSampling.LossAware,
                CheckpointDirectory = folder.Length > 0 ? folder : null,
                CheckpointEverySteps = CheckpointEverySteps,
                ReportEverySteps = 1,
                Progress = new Receiver(receive),
                Validation = new ValidationOptions { EverySteps = 4, KeepBest = true, Patience = 2 },
            },
        };
        options = options with { Training = change?.Invoke(options.Training) ?? options.Training };
        return mlContext.Transforms.DiffusionTrainer("Generated", "Image", options).Fit(Rows(mlContext, 7, 1), Rows(mlContext, 5, 2));
    }

    /// <summary>Images of noise, and their classes.</summary>
    public static IDataView Rows(MLContext mlContext, int count, int seed)
    {
        var random = new Random(seed);
        var schema = SchemaDefinition.Create(typeof(Row));
        schema[nameof(Row.Image)].ColumnType = new VectorDataViewType(NumberDataViewType.Single, 1, Side, Side);
        return mlContext.Data.LoadFromEnumerable(
            Enumerable.Range(0, count).Select(number => new Row
            {
                Image = [.. Enumerable.Range(0, Side * Side).Select(_ => (float)random.Next(256))],
                Label = (uint)(number % 2) + 1,
            }).ToList(),
            schema);
    }

    private static void Signal(string what)
    {
        if (what == "kill")
        {
            Process.GetCurrentProcess().Kill();
        }
        else if (what == "term")
        {
            Terminate();
        }
    }

    // A thread of .NET's hands a signal on, to the newest handler first. On a busy machine that takes longer than what is left of so short
    // a run: the step waits for it.
    private static void Terminate()
    {
        using var received = new ManualResetEventSlim();
        using var handler = PosixSignalRegistration.Create(PosixSignal.SIGTERM, _ => received.Set());
        if (Kill(Environment.ProcessId, SigTerm) != 0)
        {
            throw new InvalidOperationException($"The signal could not be sent: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        received.Wait(_longEnough);
        Thread.Sleep(_untilTheRunIsTold); // nothing tells when the handler behind this one, the run's own, has been called
    }

    // Watches for the file that is being written, without pause.
    private static void KillInWrite(string folder, int number)
    {
        for (var (writes, isWriting) = (0, false); ;)
        {
            var was = isWriting;
            isWriting = Directory.EnumerateFiles(folder, "*.tmp").Any(file => !Path.GetFileName(file).StartsWith("diffusion-", StringComparison.Ordinal));
            writes += isWriting && !was ? 1 : 0;
            if (writes == number)
            {
                Process.GetCurrentProcess().Kill();
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);

    private sealed class Receiver(Action<TrainingProgress> receive) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => receive(value);
    }

    private sealed class Row
    {
        public float[] Image { get; set; } = [];

        [KeyType(2)]
        public uint Label { get; set; }
    }
}
