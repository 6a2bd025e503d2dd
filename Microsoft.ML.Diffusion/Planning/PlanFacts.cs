using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>What a plan is made for.</summary>
/// <param name="Shape">The size of the images.</param>
/// <param name="Images">Their number.</param>
/// <param name="Classes">The number of their classes; 0 without.</param>
/// <param name="HasValidation">Whether other images are given to judge by.</param>
/// <param name="Budget">How long training may take, the measuring included.</param>
internal readonly record struct PlanFacts(ImageShape Shape, int Images, int Classes, bool HasValidation, TimeSpan Budget)
{
    /// <summary>Gets whether a graphics card learns, which is as long at a step of few images as at one of many.</summary>
    public bool OnCard { get; init; }

    /// <summary>The images that are learned from: all but those that are held out to judge by.</summary>
    /// <param name="training">How they are learned from.</param>
    public int Learned(TrainingOptions training) =>
        training.Validation.Share is > 0 and var share && Images > 1 ? Images - HeldOutRows.NumberOf(Images, share) : Images;
}
