using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Diffusion.Tests.Processes;
using Microsoft.ML.Diffusion.Training;

namespace Microsoft.ML.Diffusion.Tests.Groups;

/// <summary>A short training with everything that has a state, in the processes of a group.</summary>
internal static class GroupRun
{
    public const int Steps = 24;

    /// <summary>Slices of the tiny network's gradients in a step: some.</summary>
    public const double SliceMegabytes = 0.004;

    /// <summary>Trains.</summary>
    /// <param name="processes">The group; null alone.</param>
    /// <param name="folder">Of checkpoints; empty for none.</param>
    /// <param name="change">Changes the options further.</param>
    public static GroupResult Train(
        ProcessGroup? processes,
        string folder = "",
        Func<TrainingOptions, TrainingOptions>? change = null)
    {
        List<double> losses = [];
        using var model = InterruptedRun.Train(folder, progress => losses.Add(progress.Loss), options =>
        {
            options = options with
            {
                Processes = processes,
                NumberOfSteps = Steps,
                BatchSize = 9,
                LearningRate = 1e-3,
                WarmupSteps = 0,
                LearningRateSchedule = LearningRateSchedule.Constant,
                GradientSliceMegabytes = SliceMegabytes,
                Validation = options.Validation with { Patience = 100 },
            };
            return change?.Invoke(options) ?? options;
        });
        return new GroupResult(
            RunIdentities.Digest(model.Model.Weights()),
            [.. model.Model.Weights().All.ToArray()],
            [.. losses],
            model.Training!);
    }
}

/// <summary>What a training came to.</summary>
/// <param name="Digest">The weights' digest.</param>
/// <param name="Weights">All weights.</param>
/// <param name="Losses">The loss of each step, where this process reports.</param>
/// <param name="Summary">The run's.</param>
internal sealed record GroupResult(string Digest, float[] Weights, double[] Losses, TrainingSummary Summary)
{
    /// <summary>All that must be equal to the bit, in a line: the weights, every loss, the steps, and the loss of validation and of the end.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Digest} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', Losses.Select(loss => loss.ToString("R", CultureInfo.InvariantCulture))))))[..16]} {Summary.Steps} {Summary.SkippedSteps} {Summary.ValidationLoss:R} {Summary.FinalLoss:R}");

    /// <summary>The root mean square of the weights' differences.</summary>
    public double DistanceTo(GroupResult other) =>
        Math.Sqrt(Weights.Zip(other.Weights, (one, another) => ((double)one - another) * ((double)one - another)).Average());
}
