using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.ML.Diffusion.Evaluation;

namespace Microsoft.ML.Diffusion.Persistence.Safetensors;

/// <summary>Moments of features as a file of safetensors, each number to its last bit.</summary>
internal static class MomentsFile
{
    private const string ContentKey = "content", VersionKey = "version", CountKey = "count", DigestKey = "sha256";
    private const string Mean = "mean", Scatter = "scatter";
    private const string Content = "Microsoft.ML.Diffusion feature statistics";
    private const int Version = 1;

    public static void Write(Stream stream, FeatureMoments moments)
    {
        var (mean, scatter) = (moments.Mean, moments.Scatter());
        var writer = new SafetensorsWriter(new Dictionary<string, string>
        {
            [ContentKey] = Content,
            [VersionKey] = Text(Version),
            [CountKey] = Text(moments.Count),
            [DigestKey] = Digest(moments.Count, mean, scatter),
        });
        writer.Add(Mean, SafetensorsType.F64, [mean.Length], write => NumberBytes.Read<double>(mean, write));
        writer.Add(Scatter, SafetensorsType.F64, [scatter.Length], write => NumberBytes.Read<double>(scatter, write));
        writer.WriteTo(stream);
    }

    /// <param name="file">The open file.</param>
    /// <param name="source">What messages call it.</param>
    /// <exception cref="FormatException">It is not what <see cref="Write"/> makes.</exception>
    public static FeatureMoments Read(SafetensorsFile file, string source)
    {
        void Require(bool holds, string otherwise)
        {
            if (!holds)
            {
                throw new FormatException($"{source}: {otherwise}");
            }
        }

        var metadata = file.Metadata;
        Require(metadata.GetValueOrDefault(ContentKey) == Content, "it holds no feature statistics.");
        var version = metadata.GetValueOrDefault(VersionKey, "");
        Require(version == Text(Version), $"its version is {SafetensorsEntry.Quote(version)}, but this library reads version {Version}. Update the package.");
        var isNumber = long.TryParse(metadata.GetValueOrDefault(CountKey), NumberStyles.None, CultureInfo.InvariantCulture, out var count);
        Require(isNumber && count > 0, "its count must be a number of images of at least 1.");
        var features = file[Mean].ElementCount;
        Require(
            features is >= 1 and <= FeatureReader.MaximumNumberOfFeatures,
            $"it must be of 1 to {FeatureReader.MaximumNumberOfFeatures} features, but is of {features}.");
        var triangle = FeatureMoments.TriangleLength((int)features);
        Require(
            file[Scatter].ElementCount == triangle,
            $"its scatter must have {triangle} numbers, a triangle of its {features} features.");
        var (mean, scatter) = (new double[features], new double[triangle]);
        NumberBytes.Write<double>(file[Mean], mean);
        NumberBytes.Write<double>(file[Scatter], scatter);
        Require(metadata.GetValueOrDefault(DigestKey) == Digest(count, mean, scatter), "its numbers do not match their SHA-256. Get it again.");
        Require(Array.TrueForAll(mean, double.IsFinite) && Array.TrueForAll(scatter, double.IsFinite), "its numbers must be finite.");
        return FeatureMoments.Of(count, mean, scatter);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Digest(long count, double[] mean, double[] scatter)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(MemoryMarshal.AsBytes([count]));
        NumberBytes.Read<double>(mean, hash.AppendData);
        NumberBytes.Read<double>(scatter, hash.AppendData);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
