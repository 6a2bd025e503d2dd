using Microsoft.ML.Data;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Running;

/// <summary>A drawing of pictures, each written as soon as its batch is drawn.</summary>
internal sealed class DrawingJob(
    MLContext context,
    Session session,
    DiffusionTransformer model,
    GenerationOptions options,
    IReadOnlyList<int>? labels,
    int count)
{
    /// <summary>The most pictures of a film.</summary>
    public const int MostFilmed = 25;

    private int _drawn;

    /// <summary>Where single pictures go; null for nowhere.</summary>
    public required NumberedPictures? Folder { get; init; }

    /// <summary>Where the picture of all goes; null for nowhere.</summary>
    public required string? Grid { get; init; }

    /// <summary>Pictures in a row of it; null for as good as square.</summary>
    public required int? Columns { get; init; }

    /// <summary>Where the film goes; null for nowhere.</summary>
    public required string? Film { get; init; }

    /// <summary>Draws and writes.</summary>
    public Result Run()
    {
        List<MLImage> kept = Folder is null && Grid is null ? [] : session.Show("Drawing", Draw);
        if (Grid is not null)
        {
            using var sheet = ImageGrid.Create(kept, Columns ?? SquareColumns(count), padding: 1);
            WholeFile.Write(Grid, sheet.Save);
        }

        kept.ForEach(picture => picture.Dispose());
        if (Film is not null)
        {
            using var film = session.Show("Filming", () => Record(Math.Min(count, MostFilmed)));
            film.SaveGif(Film, SquareColumns(film.NumberOfPictures));
        }

        return ToResult();
    }

    private List<MLImage> Draw()
    {
        try
        {
            return DrawAll();
        }
        catch (OperationCanceledException) when (Folder?.Files.Count > 0)
        {
            throw new InterruptedException($"Stopped. Wrote {Folder} before.");
        }
    }

    private List<MLImage> DrawAll()
    {
        var rows = context.Diffusion.GenerateDataView(model, count, labels, options with { Observer = Watch });
        var kept = new List<MLImage>();
        foreach (var picture in rows.GetColumn<MLImage>("Image"))
        {
            Folder?.Add(picture);
            _drawn++;
            if (Grid is null)
            {
                picture.Dispose();
            }
            else
            {
                kept.Add(picture);
            }
        }

        Folder?.DeleteRest();
        return kept;
    }

    private void Watch(SamplingSnapshot snapshot) =>
        session.Drawing.Report((_drawn + (snapshot.NumberOfImages * (snapshot.Step + 1.0) / snapshot.NumberOfSteps)) / count);

    // The first of the pictures, drawn once more step by step: for those of a run of thousands, every step would have to be kept.
    private DenoisingFilm Record(int filmed) =>
        DenoisingFilm.Record(
            model,
            filmed,
            labels is null ? null : [.. Enumerable.Range(0, filmed).Select(LabelOf)],
            options with { Progress = session.Drawing });

    private int LabelOf(int picture) => labels![(int)((options.FirstImage + picture) % labels.Count)];

    private static int SquareColumns(int pictures) => (int)Math.Ceiling(Math.Sqrt(pictures));

    private Result ToResult()
    {
        string?[] lines =
        [
            Folder is null ? null : $"Wrote {Folder}",
            Grid is null ? null : $"Wrote {Grid}: {count} pictures",
            Film is null ? null : $"Wrote {Film}",
            $"Drawn by {options}",
        ];
        return new Result(lines, new
        {
            Count = count,
            options.Seed,
            Generation = options.ToString(),
            Labels = labels is null ? null : Enumerable.Range(0, count).Select(i => model.ClassNames[LabelOf(i)]),
            Files = Folder?.Files,
            Grid,
            Film,
        });
    }
}
