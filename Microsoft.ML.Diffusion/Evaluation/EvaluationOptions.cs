using Microsoft.ML.Diffusion.Runtime;
using static Microsoft.ML.Diffusion.Runtime.Check;

namespace Microsoft.ML.Diffusion;

/// <summary>How <see cref="DiffusionCatalog.Evaluate"/> compares generated images with real ones.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Gets the number of rows of each set that are kept for the kernel distance, precision and recall, which compare rows in pairs.</summary>
    /// <value>
    /// At least 4; the default is 10,000. Of a larger set a random sample is kept, every row with the same chance, at four bytes a feature. The Frechet
    /// distance always uses all rows.
    /// </value>
    public int MaximumNumberOfKeptRows { get; init; } = 10_000;

    /// <summary>Gets k, the neighbour of a row whose distance is the radius of its part of the manifold (Kynkaanniemi et al. 2019, section 2).</summary>
    /// <value>At least 1, and less than the rows of each set; the default is the paper's 3.</value>
    public int NumberOfNeighbours { get; init; } = 3;

    /// <summary>Gets the seed of the sample.</summary>
    /// <value><see langword="null"/>, the default, takes the seed of the <see cref="MLContext"/>, or a fresh one that is reported in its log.</value>
    public long? Seed { get; init; }

    /// <summary>Gets the token that ends the evaluation between two rows by an <see cref="OperationCanceledException"/>.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <inheritdoc/>
    public override string ToString() => RecordText.Of(this);

    /// <summary>The rows that each set needs: four tell a variance from a squared mean.</summary>
    internal int MinimumNumberOfRows => Math.Max(4, NumberOfNeighbours + 1);

    internal void Validate()
    {
        Require(
            NumberOfNeighbours >= 1,
            nameof(NumberOfNeighbours),
            NumberOfNeighbours,
            "must be at least 1, because a row's radius reaches to another row");
        Require(
            MaximumNumberOfKeptRows >= MinimumNumberOfRows,
            nameof(MaximumNumberOfKeptRows),
            MaximumNumberOfKeptRows,
            $"must be at least {MinimumNumberOfRows}, because a standard error needs four rows and a row NumberOfNeighbours ({NumberOfNeighbours}) others");
    }
}
