namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>Compares the nearest training images of generated images with those of a baseline.</summary>
/// <param name="training">The training images, each once: three at least, or two with held-out images.</param>
/// <param name="options">Neighbours and thresholds.</param>
internal sealed class Memorization(DistinctRows training, MemorizationOptions options)
{
    /// <summary>Judges generated images.</summary>
    /// <param name="generated">[n][D], at least one.</param>
    /// <param name="heldOut">[m][D]; <see langword="null"/> takes the training images.</param>
    public MemorizationMetrics Judge(IReadOnlyList<float[]> generated, IReadOnlyList<float[]>? heldOut)
    {
        var neighbours = Math.Min(options.NumberOfNeighbours, training.Rows.Count - (heldOut is null ? 2 : 1));
        var chosen = EvenlySpaced(heldOut?.Count ?? training.Rows.Count);
        var compared =
            heldOut is null
                ? NearestRows.Find([.. chosen.Select(i => training.Rows[i])], training.Rows, neighbours, chosen)
                : NearestRows.Find([.. chosen.Select(i => heldOut[i])], training.Rows, neighbours);
        int RowOf(int i) => heldOut is null ? training.Positions[chosen[i]] : chosen[i];
        TrainingMatch[] baseline =
            [.. compared.Where(match => heldOut is null || match.Distance > 0).Select(match => Placed(match, RowOf(match.Row)))];
        if (baseline.Length < 2)
        {
            throw new InvalidOperationException(
                $"heldOut has {baseline.Length} rows that are no training images, but needs at least 2, because they tell how near new images are. Leave it out to compare the training images among themselves.");
        }

        TrainingMatch[] made =
            [.. NearestRows.Find(generated, training.Rows, neighbours).Select(match => Placed(match, match.Row))];
        return ToMetrics(made, baseline, heldOut is not null, compared.Length - baseline.Length);
    }

    private MemorizationMetrics ToMetrics(TrainingMatch[] generated, TrainingMatch[] baseline, bool isHeldOut, int known)
    {
        var rank = Math.Min(baseline.Length, (int)(options.BaselineQuantile * baseline.Length) + 1);
        var threshold = baseline.Select(match => match.RelativeDistance).Order().ElementAt(rank - 1);
        var copies = generated.Count(match => match.RelativeDistance < threshold);
        var probability = RankTest.Probability(copies, generated.Length, rank, baseline.Length);
        var isMuch = copies >= options.SuspiciousShare * generated.Length;
        return new MemorizationMetrics
        {
            GeneratedMatches = generated,
            BaselineMatches = baseline,
            IsBaselineHeldOut = isHeldOut,
            Threshold = threshold,
            ExpectedShareOfNearCopies = rank / (baseline.Length + 1.0),
            Probability = probability,
            IsSuspicious = isMuch && probability < MemorizationMetrics.Significance,
            NumberOfTrainingRows = training.Count,
            NumberOfRepeatedTrainingRows = training.Count - training.Rows.Count,
            NumberOfKnownHeldOutRows = known,
        };
    }

    private TrainingMatch Placed(TrainingMatch match, int row) =>
        match with { Row = row, TrainingRow = training.Positions[match.TrainingRow] };

    private int[] EvenlySpaced(int count)
    {
        var kept = Math.Min(count, options.MaximumNumberOfBaselineRows);
        return [.. Enumerable.Range(0, kept).Select(i => (int)((long)i * count / kept))];
    }
}
