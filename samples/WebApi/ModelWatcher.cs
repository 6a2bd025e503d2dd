using Microsoft.ML;
using Microsoft.ML.Diffusion;

namespace WebApi;

/// <summary>Serves a new model as soon as it lies at the path of the old one. A file that cannot be used is told to the log, and the old model goes on.</summary>
/// <remarks>Requests that were accepted before get their images of the old model. It is then freed.</remarks>
internal sealed partial class ModelWatcher(
    ModelFile file,
    BatchingGenerator generator,
    ServiceSettings settings,
    ServiceFaults faults,
    ILogger<ModelWatcher> log) : BackgroundService
{
    private string? _told;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.Watch);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                if (file.HasChanged())
                {
                    await SwapAsync(stoppingToken);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Tell(e);
            }
        }
    }

    public override void Dispose()
    {
        base.Dispose();
        generator.Model.Dispose();
    }

    // A file that is not there, or that somebody still writes, is looked at again, and told of once.
    private void Tell(Exception fault)
    {
        if (fault is IOException or UnauthorizedAccessException)
        {
            file.Forget();
            if (fault.Message == _told)
            {
                return;
            }
        }

        _told = fault.Message;
        faults.Add(fault);
        LogRefused(log, fault.Message);
    }

    private async Task SwapAsync(CancellationToken stoppingToken)
    {
        var (before, next) = (generator.Model, new MLContext().Diffusion.LoadDiffusionModel(file.Path));
        _told = null;
        var isFree = generator.ReplaceAsync(next);
        before.Dispose(); // the generator keeps its weights until the last of its requests is done
        LogServed(log, next.Digest, next);
        await isFree.WaitAsync(stoppingToken); // before yet another model takes memory
    }

    [LoggerMessage(LogLevel.Information, "Serves another model, {Digest}: {Model}")]
    private static partial void LogServed(ILogger log, string? digest, DiffusionTransformer model);

    [LoggerMessage(LogLevel.Error, "The old model goes on: {Reason}")]
    private static partial void LogRefused(ILogger log, string reason);
}
