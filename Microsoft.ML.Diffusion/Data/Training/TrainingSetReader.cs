using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Reads the images of a data view, and their classes, into a <see cref="TrainingSet"/>: on several threads where its cursors allow.</summary>
internal sealed class TrainingSetReader(IDataView data, DiffusionOptions options, DataViewSchema.Column input, DataViewSchema.Column? label)
{
    /// <summary>What the images must be like; null to learn it from them.</summary>
    public ImageShape? Expected { get; init; }

    /// <summary>Where images go that exceed <see cref="TrainingOptions.MaximumImageMemory"/>.</summary>
    public string TemporaryFolder { get; init; } = Path.GetTempPath();

    public RunCancellation Cancellation { get; init; } = new(null, options.Training.CancellationToken);

    /// <summary>The number of cursors that share the work.</summary>
    public int Parallelism { get; init; } = Environment.ProcessorCount;

    /// <exception cref="InvalidOperationException">There is no image, or one is unreadable, of another size, or has impossible pixels.</exception>
    public TrainingSet Read()
    {
        var cursors = Parallelism > 1 ? data.GetRowCursorSet(Columns, Parallelism) : [];
        if (cursors.Length > 1)
        {
            try
            {
                return Collect(ParallelRows.Read(cursors, cursor => new RowDecoder(options, input, label).Decoder(cursor), Cancellation.Token));
            }
            catch (RowFailedException)
            {
                // Read again below, in order, to tell which row it is.
            }
        }

        using var cursor = cursors.Length == 1 ? cursors[0] : data.GetRowCursor(Columns);
        return Collect(Rows(cursor));
    }

    private IEnumerable<DataViewSchema.Column> Columns => label is { } needed ? [input, needed] : [input];

    private IEnumerable<DecodedRow> Rows(DataViewRowCursor cursor)
    {
        var decode = new RowDecoder(options, input, label).Decoder(cursor);
        while (cursor.MoveNext())
        {
            yield return decode();
        }
    }

    private TrainingSet Collect(IEnumerable<DecodedRow> rows)
    {
        using var images = new TrainingSetBuilder(options, Expected, label is not null, TemporaryFolder);
        foreach (var row in rows)
        {
            Cancellation.ThrowIfRequested();
            images.Append(row);
        }

        return images.Count > 0
            ? images.ToTrainingSet()
            : throw new InvalidOperationException($"Column '{input.Name}' has no rows, but training needs at least one image.");
    }
}
