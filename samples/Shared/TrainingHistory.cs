using System.Globalization;

namespace Microsoft.ML.Diffusion.Samples;

/// <summary>Keeps what a training reports, for the chart and the table of it.</summary>
/// <param name="next">Who else is told; may be <see langword="null"/>.</param>
public sealed class TrainingHistory(IProgress<TrainingProgress>? next = null) : IProgress<TrainingProgress>
{
    private readonly List<TrainingProgress> _records = [];

    /// <summary>Gets the reports so far.</summary>
    public IReadOnlyList<TrainingProgress> Records => _records;

    /// <inheritdoc/>
    public void Report(TrainingProgress value)
    {
        ArgumentNullException.ThrowIfNull(value);
        _records.Add(value);
        next?.Report(value);
    }

    /// <summary>Finds the validations in reports, each of which repeats the last one's loss.</summary>
    /// <param name="records">Reports of one training.</param>
    /// <returns>Each validation once, at the first report after it: the step of the validation itself if reports are as frequent.</returns>
    public static IReadOnlyList<(int Step, double Loss)> Validations(IReadOnlyList<TrainingProgress> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        return [.. records.Where((record, i) => IsNew(records, i)).Select(record => (record.Step, record.ValidationLoss!.Value))];
    }

    /// <summary>Writes reports as comma-separated values, a line each: what a spreadsheet or pandas opens.</summary>
    /// <param name="path">Where.</param>
    /// <param name="records">Reports of one training.</param>
    /// <remarks>A validation loss stands only in the first line after its validation. Numbers are written with a point, whatever the culture.</remarks>
    public static void SaveCsv(string path, IReadOnlyList<TrainingProgress> records)
    {
        ArgumentNullException.ThrowIfNull(records);
        var lines = records.Select((record, i) => string.Create(
            CultureInfo.InvariantCulture,
            $"{record.Step},{record.Epoch:F4},{record.Elapsed.TotalSeconds:F3},{record.Loss:G6},{(IsNew(records, i) ? record.ValidationLoss : null):G6},{record.LearningRate:G6},{record.ImagesPerSecond:F1},{record.SkippedSteps}"));
        WholeFile.WriteText(
            path,
            string.Join(
                '\n',
                (string[])["step,epoch,seconds,loss,validation_loss,learning_rate,images_per_second,skipped_steps", .. lines, ""]));
    }

    private static bool IsNew(IReadOnlyList<TrainingProgress> records, int i) =>
        records[i].ValidationLoss is { } loss && (i == 0 || records[i - 1].ValidationLoss != loss);
}
