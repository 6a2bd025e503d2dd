namespace Microsoft.ML.Diffusion.Evaluation;

/// <summary>
/// Mean and covariance of a stream of rows, in double, whatever their number: batches are merged by the formula of Chan, Golub and LeVeque (1979).
/// </summary>
/// <param name="features">D.</param>
internal sealed class FeatureMoments(int features)
{
    private readonly double[] _scatter = new double[features * features]; // above the diagonal and on it

    /// <summary>Gets N.</summary>
    public long Count { get; private set; }

    /// <summary>Gets the mean, [D].</summary>
    public double[] Mean { get; } = new double[features];

    /// <summary>The covariance with divisor N - 1, [D, D].</summary>
    public double[] Covariance()
    {
        var covariance = new double[_scatter.Length];
        for (var i = 0; i < features; i++)
        {
            for (var j = i; j < features; j++)
            {
                covariance[(j * features) + i] = covariance[(i * features) + j] = _scatter[(i * features) + j] / (Count - 1);
            }
        }

        return covariance;
    }

    /// <summary>What the deviations from the mean multiply to, summed over the rows: the upper triangle with its diagonal, row by row, [D (D + 1) / 2].</summary>
    public double[] Scatter()
    {
        var triangle = new double[TriangleLength(features)];
        for (int i = 0, next = 0; i < features; i++)
        {
            _scatter.AsSpan((i * features) + i, features - i).CopyTo(triangle.AsSpan(next));
            next += features - i;
        }

        return triangle;
    }

    /// <summary>The numbers of an upper triangle with its diagonal.</summary>
    public static int TriangleLength(int features) => checked(features * (features + 1) / 2);

    /// <summary>The moments that <see cref="Count"/>, <see cref="Mean"/> and <see cref="Scatter"/> were of.</summary>
    public static FeatureMoments Of(long count, ReadOnlySpan<double> mean, ReadOnlySpan<double> scatter)
    {
        var features = mean.Length;
        var moments = new FeatureMoments(features) { Count = count };
        mean.CopyTo(moments.Mean);
        for (int i = 0, next = 0; i < features; i++)
        {
            scatter.Slice(next, features - i).CopyTo(moments._scatter.AsSpan((i * features) + i));
            next += features - i;
        }

        return moments;
    }

    /// <summary>Adds the rows that other moments are of.</summary>
    /// <param name="other">Of as many features.</param>
    public void Add(FeatureMoments other)
    {
        var total = Count + other.Count;
        var shift = new double[features];
        for (var i = 0; i < features; i++)
        {
            shift[i] = other.Mean[i] - Mean[i];
            Mean[i] += shift[i] * other.Count / total;
        }

        var weight = (double)Count * other.Count / total;
        for (var i = 0; i < features; i++)
        {
            for (var j = i; j < features; j++)
            {
                _scatter[(i * features) + j] += other._scatter[(i * features) + j] + (shift[i] * shift[j] * weight);
            }
        }

        Count = total;
    }

    /// <summary>Adds rows, [n][D].</summary>
    public void Add(IReadOnlyList<float[]> rows)
    {
        var total = Count + rows.Count;
        var mean = FeatureRows.Mean(rows);
        var shift = new double[features];
        for (var i = 0; i < features; i++)
        {
            shift[i] = mean[i] - Mean[i];
            Mean[i] += shift[i] * rows.Count / total;
        }

        var weight = (double)Count * rows.Count / total;
        RowTiles.ForEach(features, Centred, features, Centred, rows.Count, AddTile, isWithin: true);
        Count = total;

        // The values of a feature.
        void Centred(int feature, Span<double> values)
        {
            for (var i = 0; i < values.Length; i++)
            {
                values[i] = rows[i][feature] - mean[feature];
            }
        }

        void AddTile(ProductTile tile)
        {
            for (var i = 0; i < tile.Rows; i++)
            {
                var row = tile.FirstRow + i;
                for (var j = Math.Max(0, row - tile.FirstColumn); j < tile.Columns; j++)
                {
                    var column = tile.FirstColumn + j;
                    _scatter[(row * features) + column] += tile[i][j] + (shift[row] * shift[column] * weight);
                }
            }
        }
    }
}
