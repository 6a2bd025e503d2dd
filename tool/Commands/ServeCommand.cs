using System.CommandLine;
using System.Net;
using Diffusion.Tool.Options;
using Diffusion.Tool.Playground;
using Diffusion.Tool.Running;

namespace Diffusion.Tool.Commands;

/// <summary>diffusion serve: a page on which models are played with.</summary>
internal sealed class ServeCommand : ToolCommand
{
    private const int MostModels = 2;

    private readonly Argument<string[]> _models;
    private readonly Option<int?> _port;
    private readonly Option<string?> _host;
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
        _port = Added(Values.Whole("--port", "N", "Port of the page [default: a free one]", minimum: 0));
        _host = Added(Values.Text(
            "--host",
            "ADDRESS",
            "Address to listen at: localhost, or with 0.0.0.0 all of this machine, for which others need the token that is told [default: 127.0.0.1]"));
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
            if (settings.IsOpen)
            {
                session.Tell(
                    $"Warning: other machines can reach this page, over a line that everybody on it can read. Give its address, with the token, only to whom you trust.");
            }

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
        var (host, port, images) = (parsed.GetValue(_host) ?? "127.0.0.1", parsed.GetValue(_port) ?? 0, parsed.GetValue(_images));
        var address = host == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(host, out var number) ? number : null;
        return address is null
            ? throw new UsageException($"{_host.Name} must be localhost or an address of this machine such as 127.0.0.1, or 0.0.0.0 for all of them, but is '{host}'.")
            : port > ushort.MaxValue
            ? throw new UsageException($"{_port.Name} must be at most {ushort.MaxValue}, because ports have 16 bits, but is '{port}'.")
            : images is not null && !Directory.Exists(images)
            ? throw new ToolException($"{_images.Name}: there is no folder '{images}'.")
            : new PlaygroundSettings { Host = address, Port = port, Images = images };
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
