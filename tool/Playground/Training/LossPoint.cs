namespace Diffusion.Tool.Playground.Training;

/// <summary>A point of the lines over the steps.</summary>
/// <param name="Step">The step; the middle of several.</param>
/// <param name="Loss">The mean loss of the training's batches, or of validation images; not a number where no step had any.</param>
/// <param name="LearningRate">The learning rate.</param>
/// <param name="ImagesPerSecond">The speed.</param>
internal readonly record struct LossPoint(double Step, double Loss, double LearningRate, double ImagesPerSecond)
{
    /// <summary>One point for two neighbours.</summary>
    public static LossPoint Middle(LossPoint first, LossPoint second) => new(
        (first.Step + second.Step) / 2,
        double.IsFinite(first.Loss) && double.IsFinite(second.Loss) ? (first.Loss + second.Loss) / 2
            : double.IsFinite(first.Loss) ? first.Loss
            : second.Loss,
        (first.LearningRate + second.LearningRate) / 2,
        (first.ImagesPerSecond + second.ImagesPerSecond) / 2);
}
