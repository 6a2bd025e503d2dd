using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Data.Training;

/// <summary>Reads the images of a data view, and their classes, into a <see cref="TrainingSet"/>: on several threads where its cursors allow.</summary>
internal sealed class TrainingSetReader(IDataView data, ImageColumn input, DataViewSchema.Column? label, TrainingSetNeeds needs)
{
    private readonly ConcurrentBag<ValueRange> _seen = []; // one of each cursor

    /// <summary>What the images must be like; null to learn it from them.</summary>
    public ImageShape? Expected { get; init; }

    /// <summary>Where images go that exceed the memory for them.</summary>
    public string TemporaryFolder { get; init; } = Path.GetTempPath();

    public RunCancellation Cancellation { get; init; } = new(null, CancellationToken.None);

    /// <summary>Is told how far it is, where it takes long.</summary>
    public Action<string> Tell { get; init; } = _ => { };

    /// <summary>The number of cursors that share the work.</summary>
    public int Parallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>Whether other processes of the machine are to use the images too: they go to a file then, however few they are.</summary>
    public bool IsShared { get; init; }

    /// <exception cref="InvalidOperationException">There is no image, or one is unreadable, of another size, has impossible pixels, or all are of another scale.</exception>
    public TrainingSet Read()
    {
        var cursors = Parallelism > 1 ? data.GetRowCursorSet(Columns, Parallelism) : [];
        if (cursors.Length > 1)
        {
            try
            {
                return Collect(ParallelRows.Read(cursors, Reader, Cancellation.Token));
            }
            catch (RowFailedException)
            {
                // Read again below, in order, to tell which row it is.
            }
        }

        using var cursor = cursors.Length == 1 ? cursors[0] : data.GetRowCursor(Columns);
        return Collect(Rows(cursor));
    }

    private IEnumerable<DataViewSchema.Column> Columns => label is { } needed ? [input.Column, needed] : [input.Column];

    private Func<(RowImage Image, int Label)> Reader(DataViewRowCursor cursor)
    {
        var seen = input.NewRange();
        _seen.Add(seen);
        var readImage = input.Reader(cursor, seen);
        var readLabel = label is { } column ? ClassColumn.Reader(cursor, column) : () => -1;
        return () => (readImage() ?? throw input.Missing(cursor), readLabel());
    }

    private IEnumerable<(RowImage Image, int Label)> Rows(DataViewRowCursor cursor)
    {
        var read = Reader(cursor);
        while (cursor.MoveNext())
        {
            yield return read();
        }
    }

    private TrainingSet Collect(IEnumerable<(RowImage Image, int Label)> rows)
    {
        using var images =
            new TrainingSetBuilder(IsShared ? needs with { MaximumMemory = 0 } : needs, Expected, label is not null, TemporaryFolder);
        var work =
            new LongWork(
                done => string.Create(CultureInfo.InvariantCulture, $"Reading column '{input.Column.Name}': {done:N0} images so far."),
                Tell);
        foreach (var (image, imageLabel) in rows)
        {
            Cancellation.ThrowIfRequested();
            images.Append(image, imageLabel);
            work.Done();
        }

        input.CheckScale(_seen, isOfModel: false);
        return images.Count > 0
            ? images.ToTrainingSet(IsShared)
            : throw new InvalidOperationException($"Column '{input.Column.Name}' has no rows, but training needs at least one image.");
    }
}
