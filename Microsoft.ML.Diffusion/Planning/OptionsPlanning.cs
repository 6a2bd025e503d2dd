using Microsoft.ML.Diffusion.Data.Rows;
using Microsoft.ML.Diffusion.Data.Training;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using Microsoft.ML.Runtime;

namespace Microsoft.ML.Diffusion.Planning;

/// <summary>A plan without a run.</summary>
internal static class OptionsPlanning
{
    /// <summary>Reads the images and decides.</summary>
    /// <param name="environment">Whose log is told.</param>
    /// <param name="data">The images.</param>
    /// <param name="imageColumnName">The column of the images.</param>
    /// <param name="budget">The time, and what is given.</param>
    public static DiffusionOptions Options(IHostEnvironment environment, IDataView data, string imageColumnName, TimeBudget budget)
    {
        var host = environment.Register(nameof(DiffusionOptions));
        var given = budget.Given;
        given.Validate();
        using var cancellation = new RunCancellation(host, given.Training.CancellationToken, null);
        using var channel = host.Start(nameof(DiffusionOptions.For));
        var label = ClassColumn.FindToLearn(data.Schema, given.LabelColumnName);
        var reader =
            new TrainingSetReader(
                data,
                ImageColumn.Find(data.Schema, imageColumnName, given.Pixels, shape: null),
                label,
                new TrainingSetNeeds(Network: null, given.Channels, given.Training.MaximumImageMemory))
            {
                Cancellation = cancellation,
                Tell = Tell,
            };
        using var images = reader.Read();
        var planning =
            new RunPlanning(
                budget,
                images,
                label is { } column ? ClassColumn.Names(column) : [],
                previous: null,
                hasValidation: false,
                DeviceChoice.Resolve(host, given.Device),
                Seeds.Resolve(host, given.Seed));
        return planning.Options(planning.Decide(earlier: null, cancellation, Tell));

        void Tell(string text) => channel.Info(MessageSensitivity.None, text);
    }
}
