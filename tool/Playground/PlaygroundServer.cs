using System.Net;
using System.Threading.RateLimiting;
using Diffusion.Tool.Running;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Diffusion.Tool.Playground;

/// <summary>The server of the page, on this machine alone unless another address is asked for.</summary>
internal sealed class PlaygroundServer : IAsyncDisposable
{
    /// <summary>The most bytes of a request: what an image file may have.</summary>
    public const int MostBytes = 16 << 20;

    private const int MostRequestsAtOnce = 200;
    private const int RequestsPerSecond = 50;

    private readonly WebApplication _application;
    private readonly PlaygroundSettings _settings;

    private PlaygroundServer(WebApplication application, PlaygroundSettings settings) =>
        (_application, _settings) = (application, settings);

    /// <summary>Gets the address of the page without the token.</summary>
    public Uri Root => new($"http://{HostText}:{Port}/");

    /// <summary>Gets the address of the page with the token.</summary>
    public string Address => $"{Root}?token={_settings.Token}";

    private int Port =>
        new Uri(_application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single()).Port;

    private string HostText => _settings.Host switch
    {
        var any when any.Equals(IPAddress.Any) || any.Equals(IPAddress.IPv6Any) => "127.0.0.1",
        { AddressFamily: System.Net.Sockets.AddressFamily.InterNetworkV6 } host => $"[{host}]",
        var host => host.ToString(),
    };

    /// <summary>Starts to serve.</summary>
    /// <param name="settings">Where, and for whom.</param>
    /// <param name="parts">What the page can do.</param>
    /// <param name="models">What it does it with; they stay the caller's.</param>
    /// <exception cref="ToolException">The address or the port is not to be had.</exception>
    public static async Task<PlaygroundServer> StartAsync(
        PlaygroundSettings settings,
        IReadOnlyList<IPlaygroundPart> parts,
        IReadOnlyList<ServedModel> models)
    {
        // Nothing is read of the folder that it is started in, or of the environment: they may belong to another program.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MostBytes;
            kestrel.Listen(settings.Host, settings.Port);
        });
        builder.Services.AddRoutingCore();
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>(); // the tool itself listens for Ctrl+C
        builder.Services.AddRateLimiter(limiter =>
        {
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, IPAddress>(http => RateLimitPartition.GetTokenBucketLimiter(
                http.Connection.RemoteIpAddress ?? IPAddress.None,
                _ => new TokenBucketRateLimiterOptions
                {
                    TokenLimit = MostRequestsAtOnce,
                    TokensPerPeriod = RequestsPerSecond,
                    ReplenishmentPeriod = TimeSpan.FromSeconds(1),
                }));
            limiter.OnRejected = (rejected, _) => new ValueTask(Problems.WriteAsync(
                rejected.HttpContext,
                StatusCodes.Status429TooManyRequests,
                $"At most {RequestsPerSecond} requests a second are answered. Wait a moment."));
        });

        var application = builder.Build();
        Pipeline(application, settings);
        Map(application, parts, models);
        try
        {
            await application.StartAsync();
        }
        catch (IOException error)
        {
            throw Unavailable(settings, error);
        }
        catch (System.Net.Sockets.SocketException error)
        {
            throw Unavailable(settings, error);
        }

        return new PlaygroundServer(application, settings);
    }

    /// <summary>Ends: what is being computed for pages is cancelled.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    private static void Pipeline(WebApplication application, PlaygroundSettings settings)
    {
        var guard = new AccessGuard(settings);
        application.UseRouting();
        application.Use((http, next) =>
        {
            SecurityHeaders.Set(http.Response);
            return next(http);
        });
        application.Use(next => http => FaultHandling.InvokeAsync(http, next, application.Lifetime.ApplicationStopping));
        application.Use(guard.InvokeAsync);
        application.UseRateLimiter();
    }

    private static void Map(IEndpointRouteBuilder routes, IReadOnlyList<IPlaygroundPart> parts, IReadOnlyList<ServedModel> models)
    {
        routes.MapGet("/api/about", http => Answer.JsonAsync(http, new
        {
            Version = typeof(DiffusionTransformer).Assembly.GetName().Version!.ToString(3),
            Parts = parts.ToDictionary(part => part.Name, part => part.About),
            Models = models.Select(model => model.About()),
            Samplers = PlaygroundSamplers.About,
        }));
        foreach (var part in parts)
        {
            part.Map(routes);
        }

        routes.MapMethods("/{**path}", ["GET", "HEAD"], SiteFiles.AnswerAsync);
    }

    private static ToolException Unavailable(PlaygroundSettings settings, Exception error) => error.InnerException is AddressInUseException
        ? new($"--port: {settings.Port} is in use already. Choose another one, or leave --port out for a free one.", error)
        : new($"--host: cannot listen at {settings.Host}, port {settings.Port}: {error.Message}", error);

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
