namespace Microsoft.ML.Diffusion.DiffusionProcess;

internal static class ModelVarianceExtensions
{
    extension(ModelVariance variance)
    {
        /// <summary>The variance of the steps that a model is trained and judged with where none is named.</summary>
        public DdpmVariance OfSteps => variance == ModelVariance.LearnedRange ? DdpmVariance.Learned : DdpmVariance.FixedLarge;
    }

    /// <summary>Checks that the model has the variance that is asked of it.</summary>
    public static void ValidateFor(this DdpmVariance asked, ModelVariance variance)
    {
        if (asked == DdpmVariance.Learned && variance == ModelVariance.Fixed)
        {
            throw new ArgumentOutOfRangeException(
                nameof(DdpmSampler.Variance),
                asked,
                "Variance must be FixedSmall or FixedLarge, because the model was trained with Variance = Fixed and has learned none.");
        }
    }
}
