namespace Evaluation;

/// <summary>How good generated images are, and whether they are copies.</summary>
/// <param name="Metrics">Generated images beside the real ones.</param>
/// <param name="Floor">One half of the real ones beside the other; null if they are too few.</param>
/// <param name="Memorization">Generated images beside the training images; null if these are too few.</param>
internal sealed record EvaluationResult(GenerationMetrics Metrics, GenerationMetrics? Floor, MemorizationMetrics? Memorization)
{
    /// <summary>The table of both, for people.</summary>
    public IEnumerable<string> Lines()
    {
        string Row(string name, Func<GenerationMetrics, string> text) =>
            $"{name,-20}{text(Metrics),14}{(Floor is null ? "too few" : text(Floor)),14}";
        yield return $"{"",-20}{"generated",14}{"real halves",14}";
        yield return Row("Frechet distance", metrics => FormattableString.Invariant($"{metrics.FrechetDistance:F1}"));
        yield return Row("Kernel distance", metrics => FormattableString.Invariant($"{metrics.KernelDistance:F4}"));
        yield return Row("  standard error", metrics => FormattableString.Invariant($"{metrics.KernelDistanceStandardError:F4}"));
        yield return Row("Precision", metrics => FormattableString.Invariant($"{metrics.Precision:F3}"));
        yield return Row("Recall", metrics => FormattableString.Invariant($"{metrics.Recall:F3}"));
        yield return Row("Images", metrics => FormattableString.Invariant($"{metrics.NumberOfGeneratedRows:N0}"));
        yield return Row("  beside real ones", metrics => FormattableString.Invariant($"{metrics.NumberOfRealRows:N0}"));
    }
}

/// <summary>Compares sets of images by the features of ResNet-18.</summary>
/// <param name="mlContext">The context.</param>
/// <param name="seed">Decides which half of the real images each is in.</param>
internal sealed class FolderEvaluation(MLContext mlContext, long seed)
{
    /// <summary>The training images from which on the nearest ones are looked for.</summary>
    public const int FewestTrainingImages = 3;

    /// <summary>The real and the generated images that distances are computed of: fewer have no standard error.</summary>
    public const int FewestImages = 4;

    /// <summary>Compares the features of images.</summary>
    /// <param name="network">What computed the features.</param>
    /// <param name="real">Of the real images.</param>
    /// <param name="generated">Of the generated ones.</param>
    /// <param name="training">Of those that were learned from, if the real ones are others: then these are the held-out ones.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public EvaluationResult Compare(
        ResNetFeatures network,
        float[][] real,
        float[][] generated,
        float[][]? training,
        CancellationToken cancellationToken)
    {
        var options = new EvaluationOptions { Seed = seed, CancellationToken = cancellationToken };
        GenerationMetrics Between(float[][] first, float[][] second) =>
            mlContext.Diffusion.Evaluate(network.Rows(first), network.Rows(second), options: options);
        var halves = Halves(real);
        return new(
            Between(real, generated),
            halves is var (first, second) ? Between(first, second) : null,
            (training ?? real).Length < FewestTrainingImages ? null : mlContext.Diffusion.EvaluateMemorization(
                network.Rows(training ?? real),
                network.Rows(generated),
                training is null ? null : network.Rows(real),
                options: new MemorizationOptions { CancellationToken = cancellationToken }));
    }

    /// <summary>The size of most images in a folder: what the model made, and what the real ones are brought to.</summary>
    public static (int Width, int Height) SizeOf(ImageFolderInfo images) =>
        images.Sizes.MaxBy(size => size.Count) is { } size
            ? (size.Width, size.Height)
            : throw new InvalidOperationException("There is no image that can be read among the generated ones.");

    private (float[][] First, float[][] Second)? Halves(float[][] rows)
    {
        var half = rows.Length / 2;
        if (half < FewestImages)
        {
            return null;
        }

        var shuffled = (float[][])rows.Clone();
        new Random(unchecked((int)(seed ^ (seed >> 32)))).Shuffle(shuffled);
        return (shuffled[..half], shuffled[half..]);
    }
}
