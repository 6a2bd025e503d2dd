using Microsoft.ML.Data;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>What a report of a training says of copies: judged by <see cref="PixelFeatures"/>, with no other network than the trained one.</summary>
public sealed class MemorizationReport
{
    private readonly MemorizationMetrics? _metrics;
    private readonly string _text;

    private MemorizationReport(MemorizationMetrics? metrics, string text) => (_metrics, _text) = (metrics, text);

    /// <summary>Judges generated pictures, and writes their sheet.</summary>
    /// <param name="mlContext">The context.</param>
    /// <param name="training">The rows that were learned from, with a column "Image".</param>
    /// <param name="heldOut">Rows that were not; <see langword="null"/> compares those of <paramref name="training"/> among themselves.</param>
    /// <param name="generated">The generated pictures; those of the rows have their size.</param>
    /// <param name="picturePath">Where the sheet is written, if there is one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What a page shows: figures, or why there are none, such as of two pictures.</returns>
    public static MemorizationReport Write(
        MLContext mlContext,
        IDataView training,
        IDataView? heldOut,
        IReadOnlyList<MLImage> generated,
        string picturePath,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        MemorizationMetrics metrics;
        try
        {
            metrics = mlContext.Diffusion.EvaluateMemorization(
                PixelFeatures.Rows(mlContext, training),
                PixelFeatures.Rows(mlContext, generated),
                heldOut is null ? null : PixelFeatures.Rows(mlContext, heldOut),
                options: new MemorizationOptions { CancellationToken = cancellationToken });
        }
        catch (InvalidOperationException few)
        {
            return new(null, $"Not judged: {few.Message}");
        }

        using var sheet = MemorizationSheet.Create(metrics, training, generated);
        WholeFile.Write(picturePath, sheet.Save);
        return new(metrics, metrics.ToString());
    }

    /// <summary>Gets the text of the report: a line.</summary>
    public override string ToString() => _text;

    /// <summary>The part of a page.</summary>
    /// <param name="picturePath">Where the sheet was written.</param>
    public ReportSection ToSection(string picturePath) => _metrics is null
        ? new("Copies", _text)
        : new(
            "Copies",
            $"{(_metrics.IsSuspicious ? "The model seems to repeat training pictures: train it on more of them, or for a shorter time. " : "")}Above, the generated pictures that are nearest to a training picture; below each, that picture. Judged by 16x16 pixels, {_text}.")
        {
            PicturePath = picturePath,
            RowLabels = ["generated", "training"],
        };
}
