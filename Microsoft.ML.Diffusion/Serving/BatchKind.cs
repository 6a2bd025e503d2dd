namespace Microsoft.ML.Diffusion.Serving;

/// <summary>What the requests of a batch have in common.</summary>
/// <param name="Model">What generates them.</param>
/// <param name="Options">How; equal by value.</param>
/// <param name="HasLabels">Whether they have classes: no class of any image is not quite the same as a class of none, whose zero is added.</param>
internal readonly record struct BatchKind(ServedModel Model, GenerationOptions Options, bool HasLabels);
