namespace Microsoft.ML.Diffusion;

/// <summary>How the learning rate falls after its warm-up.</summary>
public enum LearningRateSchedule
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>The rate falls in a straight line to zero at the end of the run.</summary>
    Linear,

    /// <summary>Along half a cosine to zero at the end of the run.</summary>
    Cosine,
}
