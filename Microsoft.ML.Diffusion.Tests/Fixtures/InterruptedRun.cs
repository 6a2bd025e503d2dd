using System.Diagnostics;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A run with checkpoints that ends itself by SIGKILL, which leaves no process time for anything.</summary>
internal static class InterruptedRun
{
    public const int Steps = 100;

    /// <summary>Trains, or goes on, and gives the digest of the weights.</summary>
    /// <param name="folder">Of the checkpoints; empty for none.</param>
    /// <param name="killAt">"step N": after N steps of this process; "write N": in the middle of the N-th write of this process; "never".</param>
    public static string Train(string folder, string killAt)
    {
        var (what, number) = killAt.Split(' ') is [var word, var text] ? (word, int.Parse(text)) : (killAt, 0);
        var steps = 0;
        if (what == "write")
        {
            new Thread(() => KillInWrite(folder, number)) { IsBackground = true }.Start();
        }

        var options = TinyModel.Labelled with
        {
            Network = TinyModel.Labelled.Network with { Dropout = 0.1 },
            Training = new TrainingOptions
            {
                NumberOfSteps = Steps,
                BatchSize = 3,
                LearningRate = 2e-3,
                CheckpointDirectory = folder.Length > 0 ? folder : null,
                CheckpointEverySteps = 2,
                ReportEverySteps = 1,
                Progress = new Direct<TrainingProgress>(_ =>
                {
                    if (what == "step" && ++steps == number)
                    {
                        Process.GetCurrentProcess().Kill();
                    }
                }),
            },
        };
        using var model = TinyModel.Train(options);
        return Weights.Digest(model);
    }

    // Watches for the file that is being written, without pause.
    private static void KillInWrite(string folder, int number)
    {
        for (var (writes, isWriting) = (0, false); ;)
        {
            var was = isWriting;
            isWriting = Directory.EnumerateFiles(folder, "*.tmp").Any();
            writes += isWriting && !was ? 1 : 0;
            if (writes == number)
            {
                Process.GetCurrentProcess().Kill();
            }
        }
    }
}
