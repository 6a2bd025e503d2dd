namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>What the model's normal distribution of a pixel costs, and how that changes with it.</summary>
/// <param name="Value">In nats.</param>
/// <param name="OfMean">The derivative of the value with respect to the model's mean.</param>
/// <param name="OfLogVariance">The derivative with respect to the natural logarithm of the model's variance.</param>
internal readonly record struct NormalTerm(double Value, double OfMean, double OfLogVariance);
