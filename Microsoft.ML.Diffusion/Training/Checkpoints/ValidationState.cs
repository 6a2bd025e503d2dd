namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>What validation has found, as a checkpoint holds it.</summary>
/// <param name="LastStep">Steps done at the last validation; -1 before the first.</param>
/// <param name="LastLoss">Its loss.</param>
/// <param name="BestLoss">The lowest loss.</param>
/// <param name="BestStep">Steps done when it was found.</param>
/// <param name="SinceBest">Validations since then.</param>
internal sealed record ValidationState(
    int LastStep = -1,
    double LastLoss = double.NaN,
    double BestLoss = double.PositiveInfinity,
    int BestStep = -1,
    int SinceBest = 0);
