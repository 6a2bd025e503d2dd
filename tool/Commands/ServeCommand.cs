using System.CommandLine;
using Diffusion.Tool.Options;
using Diffusion.Tool.Playground;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion serve: a page on which models are played with.</summary>
internal sealed class ServeCommand : ToolCommand
{
    private const int MostModels = 2;

    private readonly Argument<string[]> _models;
    private readonly PageOptions _page = new();
    private readonly Option<string?> _images;
    private readonly Option<string?> _device;

    public ServeCommand(CancellationToken cancellationToken)
        : base("serve", "Open a page in the browser on which a model, or two of them, is played with", cancellationToken)
    {
        _models = Added(new Argument<string[]>("MODEL")
        {
            Description = "A model.zip, or a folder of Python's diffusers; a second one is compared with it",
            Arity = new ArgumentArity(1, MostModels),
        });
        _page.AddTo(this);
        _images = Added(Values.Text("--images", "FOLDER", "The pictures that the model was trained on, to show those that are nearest to another"));
        _device = Added(CommonOptions.Device());
    }

    protected override Result Execute(ParseResult parsed, Session session)
    {
        var sources = parsed.GetRequiredValue(_models);
        var settings = ReadSettings(parsed);
        Array.ForEach(sources, ModelSource.CheckExists);

        var context = session.CreateContext();
        List<ServedModel> models = [];
        try
        {
            models.AddRange(sources.Select(source => new ServedModel(source, ModelSource.Load(context, source, parsed.GetValue(_device)))));
            var queue = new WorkQueue();
            var server = PlaygroundServer.StartAsync(settings, PlaygroundParts.Of(settings, models, context, queue), models).GetAwaiter().GetResult();
            settings.Warn(session);
            _ = FirstRun.TakeAsync(models, queue, session.CancellationToken);
            return new Result([$"Open {server.Address} in a browser; Ctrl+C ends."], Document(server, settings, models))
            {
                Then = () => Serve(server, queue, models, session.CancellationToken),
            };
        }
        catch
        {
            models.ForEach(model => model.Transformer.Dispose());
            throw;
        }
    }

    private PlaygroundSettings ReadSettings(ParseResult parsed)
    {
        var (settings, images) = (_page.Read(parsed), parsed.GetValue(_images));
        return images is null || Directory.Exists(images)
            ? settings with { Images = images }
            : throw new ToolException($"{_images.Name}: there is no folder '{images}'.");
    }

    private static object Document(PlaygroundServer server, PlaygroundSettings settings, List<ServedModel> models) => new
    {
        server.Address,
        Root = server.Root.ToString(),
        settings.Token,
        Models = models.Select(model => model.Source),
    };

    // Ctrl+C is how it is meant to end.
    private static int Serve(PlaygroundServer server, WorkQueue queue, List<ServedModel> models, CancellationToken stop)
    {
        stop.WaitHandle.WaitOne();
        server.DisposeAsync().AsTask().GetAwaiter().GetResult();
        queue.Dispose();
        models.ForEach(model => model.Transformer.Dispose());
        return 0;
    }
}
