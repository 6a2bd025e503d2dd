namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>What a meter has counted, as a checkpoint holds it.</summary>
/// <param name="Seconds">Time of training.</param>
/// <param name="LossSum">Sum of the losses since the last report.</param>
/// <param name="LossCount">Their number.</param>
/// <param name="StepsSinceReport">Steps since the last report, skipped ones included.</param>
/// <param name="Skipped">Steps skipped.</param>
/// <param name="SkippedInARow">Steps skipped since the last that was not.</param>
/// <param name="LastLoss">The last loss that was a number.</param>
/// <param name="ReportedLoss">The loss of the last report.</param>
internal sealed record MeterState(
    double Seconds = 0,
    double LossSum = 0,
    int LossCount = 0,
    int StepsSinceReport = 0,
    int Skipped = 0,
    int SkippedInARow = 0,
    double LastLoss = double.NaN,
    double ReportedLoss = double.NaN);
