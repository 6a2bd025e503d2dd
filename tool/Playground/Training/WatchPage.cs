using Diffusion.Tool.Running;

namespace Diffusion.Tool.Playground.Training;

/// <summary>The page of a training, served beside it and gone with it.</summary>
internal sealed class WatchPage : IDisposable
{
    private readonly PlaygroundServer _server;
    private readonly TrainPart _part;

    private WatchPage(PlaygroundServer server, TrainPart part) => (_server, _part) = (server, part);

    /// <summary>Opens it, and tells its address, also where nothing else is told: nobody could know it.</summary>
    /// <param name="settings">Where.</param>
    /// <param name="training">What it shows.</param>
    /// <param name="session">Who is told.</param>
    /// <exception cref="ToolException">The address or the port is not to be had.</exception>
    public static WatchPage Open(PlaygroundSettings settings, WatchedTraining training, Session session)
    {
        var part = new TrainPart(training);
        var server = PlaygroundServer.StartAsync(settings, [part], []).GetAwaiter().GetResult();
        Console.Error.WriteLine($"Open {server.Address} in a browser to watch the training.");
        settings.Warn(session);
        return new WatchPage(server, part);
    }

    /// <summary>Closes it, when pages know how the training ended.</summary>
    public void Dispose()
    {
        _part.DrainAsync().GetAwaiter().GetResult();
        _server.DisposeAsync().AsTask().GetAwaiter().GetResult();
    }
}
