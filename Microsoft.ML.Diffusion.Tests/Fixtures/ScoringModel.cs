using Microsoft.ML.Data;
using Microsoft.ML.Transforms.Image;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>A model that adds every output column, and the rows that it makes.</summary>
internal static class ScoringModel
{
    public const int Steps = 3;
    public const int Timesteps = 5;

    public static OutputColumnOptions Columns { get; } = new()
    {
        GeneratedPixels = "GeneratedPixels",
        Reconstructed = "Reconstructed",
        ReconstructedPixels = "ReconstructedPixels",
        Latent = "Latent",
        BitsPerDimension = "Bits",
        ReconstructionError = "Error",
        EncodingSampler = new DdimSampler(Steps),
        NumberOfLikelihoodTimesteps = Timesteps,
    };

    public static DiffusionOptions Options { get; } = TinyModel.Labelled with { OutputColumns = Columns };

    internal sealed class Row
    {
        public int Number { get; set; }

        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Generated { get; set; }

        [ImageType(Pictures.Side, Pictures.Side)]
        public MLImage? Reconstructed { get; set; }

        public float[] GeneratedPixels { get; set; } = [];

        public float[] ReconstructedPixels { get; set; } = [];

        public float[] Latent { get; set; } = [];

        public float Bits { get; set; }

        public float Error { get; set; }

        /// <summary>All values as a text that differs if one does.</summary>
        public string Describe() =>
            FormattableString.Invariant(
                $"{Number} {Pictures.Digest([Generated!])} {Pictures.Digest([Reconstructed!])} {string.Join(",", GeneratedPixels)} {string.Join(",", ReconstructedPixels)} {string.Join(",", Latent)} {Bits:R} {Error:R}");
    }

    public static Row[] Read(MLContext mlContext, IDataView rows) => [.. mlContext.Data.CreateEnumerable<Row>(rows, reuseRowObject: false)];
}
