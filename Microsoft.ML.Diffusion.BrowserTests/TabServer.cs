using Diffusion.Tool.Playground;

namespace Microsoft.ML.Diffusion.BrowserTests;

/// <summary>The playground of the garments, as diffusion serve opens it.</summary>
internal sealed class TabServer : IAsyncDisposable
{
    private readonly WorkQueue _queue = new();
    private PlaygroundServer? _server;

    private TabServer(DiffusionTransformer model) => Model = model;

    public DiffusionTransformer Model { get; }

    public static async Task<TabServer> StartAsync(string? images = null)
    {
        var context = new MLContext(1);
        var opened = new TabServer(context.Diffusion.LoadDiffusionModel(RepositoryFile("models", "garments.zip")));
        var settings = new PlaygroundSettings { Images = images };
        ServedModel[] models = [new("garments.zip", opened.Model)];
        opened._server = await PlaygroundServer.StartAsync(settings, PlaygroundParts.Of(settings, models, context, opened._queue), models);
        return opened;
    }

    /// <summary>The address of a tab.</summary>
    public string Tab(string name) => $"{_server!.Address}#tab={name}";

    public async ValueTask DisposeAsync()
    {
        await _server!.DisposeAsync();
        _queue.Dispose();
        Model.Dispose();
    }

    private static string RepositoryFile(params ReadOnlySpan<string> path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Diffusion.sln")))
        {
            folder = folder.Parent!;
        }

        return Path.Combine([folder.FullName, .. path]);
    }
}
