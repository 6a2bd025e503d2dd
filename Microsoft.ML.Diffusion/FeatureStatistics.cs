using System.Globalization;
using Microsoft.ML.Diffusion.Evaluation;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion;

/// <summary>
/// Number, mean and scatter of the features of a set of images, in double: all that the Frechet distance needs of it, however large the set is. Those of parts
/// of a set, computed on several machines, are merged to those of the whole.
/// </summary>
/// <remarks>
/// Kernel distance, precision and recall need the features themselves and cannot be had of them.
/// </remarks>
public sealed class FeatureStatistics
{
    private readonly FeatureMoments _moments;

    internal FeatureStatistics(FeatureMoments moments) => _moments = moments;

    /// <summary>Gets the number of images.</summary>
    public long Count => _moments.Count;

    /// <summary>Gets the number of features of each.</summary>
    public int NumberOfFeatures => _moments.Mean.Length;

    /// <summary>Sums up the features of a set of images, or of a part of it.</summary>
    /// <param name="data">Rows of at least one image; read once, in a stream.</param>
    /// <param name="featureColumnName">The column of features: vectors of Single or Double of one known size, at most 8,192.</param>
    /// <param name="cancellationToken">Ends it between two rows by an <see cref="OperationCanceledException"/>.</param>
    /// <returns>What <see cref="Merge"/> joins and <see cref="FrechetDistanceTo"/> compares.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The column is missing, of another type or too long.</exception>
    /// <exception cref="InvalidOperationException">There is no row, or a feature is not a finite number.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    public static FeatureStatistics Of(
        IDataView data,
        string featureColumnName = "Features",
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentException.ThrowIfNullOrEmpty(featureColumnName);
        var (column, features) = FeatureReader.Find(data.Schema, featureColumnName, nameof(data));
        var set = new FeatureSet(features, maximumKept: 0, seed: 0, isGenerated: false);
        set.AddRange(FeatureReader.Read(data, column, features, nameof(data), cancellationToken));
        return set.Moments.Count > 0
            ? new FeatureStatistics(set.Moments)
            : throw new InvalidOperationException("data has no rows, but a mean needs at least one.");
    }

    /// <summary>Merges the statistics of parts of a set (Chan, Golub and LeVeque 1979): those of one run over all of it, but for rounding.</summary>
    /// <param name="parts">The parts, at least one, of equally many features; no image may be in two.</param>
    /// <returns>The statistics of the whole.</returns>
    /// <exception cref="ArgumentException">There is no part, or two are of other numbers of features.</exception>
    public static FeatureStatistics Merge(IEnumerable<FeatureStatistics> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        FeatureMoments? all = null;
        foreach (var part in parts)
        {
            ArgumentNullException.ThrowIfNull(part, nameof(parts));
            all ??= new FeatureMoments(part.NumberOfFeatures);
            CheckFeatures(part.NumberOfFeatures, all.Mean.Length, nameof(parts));
            all.Add(part._moments);
        }

        return new FeatureStatistics(all ?? throw new ArgumentException("parts must hold the statistics of at least one part.", nameof(parts)));
    }

    /// <summary>The squared Frechet distance to another set, as <see cref="GenerationMetrics.FrechetDistance"/> of both.</summary>
    /// <param name="other">Statistics of the same features.</param>
    /// <exception cref="ArgumentException">They are of another number of features.</exception>
    /// <exception cref="InvalidOperationException">A set has fewer than two images, which have no covariance.</exception>
    public double FrechetDistanceTo(FeatureStatistics other)
    {
        ArgumentNullException.ThrowIfNull(other);
        CheckFeatures(other.NumberOfFeatures, NumberOfFeatures, nameof(other));
        return Count >= 2 && other.Count >= 2
            ? FrechetDistance.Between(_moments, other._moments)
            : throw new InvalidOperationException($"The sets have {Count} and {other.Count} images, but a covariance needs at least two of each.");
    }

    /// <summary>Writes the statistics as safetensors: for 512 features 1 MB.</summary>
    /// <param name="path">Where; an older file is replaced at the very end.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is unchanged.</exception>
    /// <exception cref="UnauthorizedAccessException">Permissions forbid it; an older file is unchanged.</exception>
    public void Save(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        AtomicFile.Write(path, Save);
    }

    /// <summary>Writes the statistics as <see cref="Save(string)"/> does.</summary>
    /// <param name="stream">Where; it need not seek, and stays open.</param>
    public void Save(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        MomentsFile.Write(stream, _moments);
    }

    /// <summary>Reads statistics that <see cref="Save(string)"/> wrote, to the last bit. Files of anybody are checked.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="FormatException">The file is damaged, of a later version, or something else.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static FeatureStatistics Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using var file = SafetensorsFile.Open(path);
        return new FeatureStatistics(MomentsFile.Read(file, path));
    }

    /// <summary>Reads statistics as <see cref="Load(string)"/> does.</summary>
    /// <param name="stream">Stands at their first byte and ends behind their last; it stays open.</param>
    /// <returns>The statistics.</returns>
    /// <exception cref="FormatException">They are damaged, of a later version, or something else.</exception>
    public static FeatureStatistics Load(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var file = SafetensorsFile.FromStream(stream, "The stream");
        return new FeatureStatistics(MomentsFile.Read(file, "The stream"));
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{NumberOfFeatures} features of {Count:N0} images");

    private static void CheckFeatures(int features, int expected, string parameter)
    {
        if (features != expected)
        {
            throw new ArgumentException(
                $"{parameter} must be of the same features, but some are of {features} and others of {expected}.",
                parameter);
        }
    }
}
