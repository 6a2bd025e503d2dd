using System.Numerics.Tensors;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>Joins what a network says with labels and without (Ho and Salimans 2022, whose w is the scale less 1).</summary>
internal static class ClassifierFreeGuidance
{
    /// <summary>unlabelled + scale (labelled - unlabelled), in one network call, and perhaps brought back to the spread of the labelled.</summary>
    /// <remarks>Channels that the network gives beyond those of x, such as a variance, are not moved: they stay those of the class.</remarks>
    /// <param name="network">Maps x, [N][C][H][W], and N labels, or none, to the prediction, [N][C or more][H][W].</param>
    /// <param name="x">[N][C][H][W].</param>
    /// <param name="labels">Class of each image, -1 for none; null for a batch without classes.</param>
    /// <param name="guidance">Scales of 0 and 1 need one of the two predictions only; anything else makes the call one of 2N images.</param>
    public static Batch Predict(Func<Batch, IReadOnlyList<int>?, Batch> network, Batch x, IReadOnlyList<int>? labels, Guidance guidance)
    {
        if (labels is null || guidance.Scale == 0)
        {
            return network(x, null);
        }

        if (guidance.Scale == 1)
        {
            return network(x, labels);
        }

        return PredictEach(network, x, labels, _ => guidance);
    }

    /// <summary>The same where each image is guided in its own way, always in a call of 2N images.</summary>
    /// <param name="network">As for the other.</param>
    /// <param name="x">[N][C][H][W].</param>
    /// <param name="labels">Class of each image, -1 for none.</param>
    /// <param name="guidance">How an image is guided, by its place; called on any thread.</param>
    public static Batch PredictEach(
        Func<Batch, IReadOnlyList<int>?, Batch> network,
        Batch x,
        IReadOnlyList<int> labels,
        Func<int, Guidance> guidance)
    {
        var both = network(x.Concat(x), [.. labels, .. labels.Select(_ => -1)]);
        return Batch.Create(
            x.Count,
            both.Length,
            (image, guided) => Guide(both[image], both[x.Count + image], x.Length, guidance(image), guided));
    }

    // The first so many numbers are guided.
    private static void Guide(
        ReadOnlySpan<double> labelled,
        ReadOnlySpan<double> unlabelled,
        int length,
        Guidance guidance,
        Span<double> guided)
    {
        labelled[length..].CopyTo(guided[length..]);
        labelled = labelled[..length];
        guided = guided[..length];
        TensorPrimitives.Subtract(labelled, unlabelled[..length], guided);
        TensorPrimitives.MultiplyAdd(guided, guidance.Scale, unlabelled[..length], guided);
        if (guidance.Rescale > 0)
        {
            TensorPrimitives.Multiply(guided, Rescaling(guided, labelled, guidance.Rescale), guided);
        }
    }

    // phi times the guided prediction at the standard deviation of the labelled, the rest as it is (Lin et al. 2023, section 3.4).
    private static double Rescaling(ReadOnlySpan<double> guided, ReadOnlySpan<double> labelled, double phi)
    {
        var (wanted, found) = (Deviation(labelled), Deviation(guided));

        // A prediction that is the same everywhere has no spread to bring back.
        return (phi * (found > 0 ? wanted / found : 1)) + (1 - phi);
    }

    // From the first value on, so that equal values have none.
    private static double Deviation(ReadOnlySpan<double> values)
    {
        var (sum, squares) = (0.0, 0.0);
        foreach (var value in values)
        {
            sum += value - values[0];
        }

        var mean = values[0] + (sum / values.Length);
        foreach (var value in values)
        {
            squares += (value - mean) * (value - mean);
        }

        return Math.Sqrt(squares / values.Length);
    }
}
