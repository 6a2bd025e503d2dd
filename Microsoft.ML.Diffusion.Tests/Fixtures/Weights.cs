using Microsoft.ML.Diffusion.Training;
namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>The weights of trained models, to be compared bit by bit.</summary>
internal static class Weights
{
    /// <summary>A text that differs if one bit of one weight does.</summary>
    public static string Digest(DiffusionTransformer model) => RunIdentities.Digest(model.Model.Weights());

    /// <summary>All weights in one array.</summary>
    public static float[] Values(DiffusionTransformer model)
    {
        var weights = model.Model.Weights();
        return [.. weights.Plan.Weights.SelectMany(weight => weights[weight].ToArray())];
    }

    /// <summary>The largest difference between weights of two models.</summary>
    public static double Difference(DiffusionTransformer a, DiffusionTransformer b) =>
        Values(a).Zip(Values(b), (x, y) => Math.Abs((double)x - y)).Max();
}
