using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.ML.Diffusion;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using WebApi;

var builder = WebApplication.CreateSlimBuilder(args);
var services = builder.Services;
ServiceSettings settings;
try
{
    settings = ServiceSettings.Of(builder.Configuration);
    services.AddSingleton(settings);
    services.AddSingleton(new ModelFile(settings.Model)); // before it is read, so that no change is missed
    services.AddDiffusionModel(settings.Model, options => options with { QueueLimit = settings.QueueLimit });
}
catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException or ArgumentException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}

services.AddHostedService<ModelWatcher>();
services.AddSingleton<ServiceFaults>();
services.AddSingleton<ImageEndpoint>();
services.AddHealthChecks().AddCheck<ModelHealth>("model");
services.AddProblemDetails();
services.AddExceptionHandler<FaultHandler>();
services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, Answers.Default));
if (settings.Telemetry)
{
    services.AddOpenTelemetry()
        .WithMetrics(metrics => metrics.AddMeter(DiffusionTelemetry.Name).AddConsoleExporter())
        .WithTracing(traces => traces.AddSource(DiffusionTelemetry.Name).AddConsoleExporter());
}

builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning); // not a line for each request
builder.WebHost.ConfigureKestrel(server =>
{
    server.AddServerHeader = false;
    server.Limits.MaxRequestLineSize = 2048;
    server.Limits.MaxRequestBodySize = 0; // nothing is posted
    server.Limits.MaxConcurrentConnections = 1000;
    server.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
});

var app = builder.Build();
app.UseExceptionHandler();
app.UseStatusCodePages(); // 404 and 405 are problems too
app.MapGet("/images/{**class}", (HttpContext http, ImageEndpoint images) => images.GetAsync(http)); // a class may hold slashes
app.MapGet("/classes", (BatchingGenerator generator) => generator.Model.ClassNames);
app.MapHealthChecks("/health", new HealthCheckOptions { ResponseWriter = ModelHealth.WriteAsync });
app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false });
await app.RunAsync();
return 0;

/// <summary>How answers are written as JSON without reflection, which is off where the program is trimmed.</summary>
[JsonSerializable(typeof(IReadOnlyList<string>))]
internal sealed partial class Answers : JsonSerializerContext;
