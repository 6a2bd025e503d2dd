using Diffusion.Tool.Playground.Training;
using Microsoft.ML.Diffusion.Samples;

namespace Diffusion.Tool.Running;

/// <summary>The folder of --report: what a training did and what its model draws, on a page and as files.</summary>
internal sealed class TrainingReport
{
    private const string Page = "report.html";
    private const string Table = "training.csv";
    private const string Chart = "loss.svg";
    private const string Samples = "samples.png";
    private const string Film = "denoising.gif";
    private const string Nearest = "nearest.png";

    private const int NumberOfSamples = 36;
    private const int NumberOfFilmed = 9;
    private const int FewestHeldOut = 20; // of fewer there is no telling how near an image is by chance

    private readonly Session _session;

    /// <summary>Checks the places before the training.</summary>
    /// <param name="option">The option that names the folder, as typed.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="force">Whether an older report may be replaced.</param>
    /// <param name="session">Where progress is shown.</param>
    public TrainingReport(string option, string folder, bool force, Session session)
    {
        (Folder, _session) = (folder, session);
        foreach (var file in new[] { Page, Table, Chart, Samples, Film, Nearest })
        {
            OutputFile.Prepare(option, PathOf(file), force);
        }
    }

    public string Folder { get; }

    /// <summary>Draws and writes; of an interrupted training, what was measured and drawn on the way only.</summary>
    /// <param name="context">The context.</param>
    /// <param name="model">The model.</param>
    /// <param name="records">What was measured.</param>
    /// <param name="images">The folder of the images.</param>
    /// <param name="snapshots">What was drawn on the way; null for nothing.</param>
    /// <param name="rows">The rows of the folder.</param>
    /// <param name="watched">What pages saw of it.</param>
    public void Write(
        MLContext context,
        DiffusionTransformer model,
        IReadOnlyList<TrainingProgress> records,
        string images,
        Snapshots? snapshots,
        LoadedImages rows,
        WatchedTraining watched)
    {
        var isWhole = model.Training!.End != TrainingEnd.Cancelled || watched.IsStopped;
        TrainingHistory.SaveCsv(PathOf(Table), records);
        LossChart.Save(PathOf(Chart), records);
        List<ReportSection> sections =
        [
            .. isWhole ? _session.Show("Drawing for the report", () => Draw(context, model, rows.Data, rows.Count)) : [],
            .. snapshots is { Steps.Count: > 0 } ? [ReportSections.OnTheWay(snapshots.Sheet, snapshots.Steps)] : Array.Empty<ReportSection>(),
            TrainingSection.Of(watched.Feed, ReportSections.Loss(records)),
            ReportSections.Figures(model.Training),
            ReportSections.Settings(model, ("Learned from", images), ("Options", model.Training.Options ?? "")),
        ];
        new ReportPage($"A model of {OutputFile.NameOf(images)}", "What diffusion train learned, and what the model draws.", sections).Save(PathOf(Page));
    }

    private ReportSection[] Draw(MLContext context, DiffusionTransformer model, IDataView rows, int numberOfRows)
    {
        var drawing = model.Generation with { Seed = model.Training!.Seed, CancellationToken = _session.CancellationToken };
        var samples = SampleSheet.Draw(model, NumberOfSamples, drawing with { Progress = _session.Drawing });
        using (var sheet = ImageGrid.Create(samples, columns: 9, padding: 1))
        {
            WholeFile.Write(PathOf(Samples), sheet.Save);
        }

        var isHeldOut = model.Training.HeldOutRows(numberOfRows);
        var (learned, heldOut) = PictureFolder.Part(context, rows, isHeldOut);
        var judges = isHeldOut.Count(held => held) >= FewestHeldOut ? heldOut : null;
        var copies = MemorizationReport.Write(context, learned, judges, samples, PathOf(Nearest), _session.CancellationToken);
        Array.ForEach(samples, picture => picture.Dispose());
        using var film = DenoisingFilm.Record(model, NumberOfFilmed, drawing);
        film.SaveGif(PathOf(Film), columns: NumberOfFilmed);
        return
        [
            ReportSections.Samples(PathOf(Samples), model, NumberOfSamples, drawing),
            ReportSections.Animation(PathOf(Film), film),
            copies.ToSection(PathOf(Nearest)),
        ];
    }

    private string PathOf(string name) => Path.Combine(Folder, name);
}
