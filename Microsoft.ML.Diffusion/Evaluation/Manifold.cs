using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// The part of feature space that a set covers: balls around its rows, each as large as the distance to the row's k-th neighbour (Kynkaanniemi et al. 2019).
/// </summary>
internal static class Manifold
{
    private const int TileRows = 512;
    private const double RoundingOfDistances = 1e-13;

    /// <summary>The share of rows that lie in the manifold of others (eq. 1 and 2).</summary>
    /// <param name="rows">[n, D].</param>
    /// <param name="others">[m, D], with more than k rows.</param>
    /// <param name="neighbours">k.</param>
    public static double ShareWithin(Tensor rows, Tensor others, int neighbours)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var origin = others[0].to(ScalarType.Float64); // distances do not care, and rounding is smaller near the data

        // The row itself is its nearest, at 0.
        var radii = cat(Tiles(others, others, origin, distances => distances.kthvalue(neighbours + 1, 1).values));
        return cat(Tiles(rows, others, origin, distances => (distances <= radii).any(1).to(ScalarType.Float64))).mean().item<double>();
    }

    // What a function makes of the squared distances [tile, m] of each tile of rows.
    private static List<Tensor> Tiles(Tensor rows, Tensor others, Tensor origin, Func<Tensor, Tensor> reduce)
    {
        var b = others.to(ScalarType.Float64) - origin;
        var squaresOfB = b.Power(2).sum([1]);
        List<Tensor> reduced = [];
        for (long first = 0; first < rows.shape[0]; first += TileRows)
        {
            using var scope = NewDisposeScope();
            var a = rows.narrow(0, first, Math.Min(TileRows, rows.shape[0] - first)).to(ScalarType.Float64) - origin;
            var squares = a.Power(2).sum([1], keepdim: true).Plus(squaresOfB);
            var distances = squares - a.mm(b.t()).Times(2);
            reduced.Add(reduce(distances.Fill(distances <= squares.Times(RoundingOfDistances), 0)).MoveToOuterDisposeScope());
        }

        return reduced;
    }
}
