using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.ML.Diffusion;

namespace WebApi;

/// <summary>Says whether the service is ready: it is not while its queue is full, so that a balancer sends requests elsewhere.</summary>
internal sealed class ModelHealth(BatchingGenerator generator, ServiceSettings settings, ServiceFaults faults) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var waiting = generator.QueueLength;
        var facts = new Dictionary<string, object>
        {
            ["model"] = generator.Model.ToString(),
            ["digest"] = generator.Model.Digest ?? "",
            ["waiting"] = waiting,
            ["queueLimit"] = settings.QueueLimit,
            ["lastFault"] = faults.Last ?? "",
        };
        return Task.FromResult(waiting < settings.QueueLimit
            ? HealthCheckResult.Healthy("ready", facts)
            : HealthCheckResult.Unhealthy("the queue is full", data: facts));
    }

    /// <summary>Writes the facts as JSON, without reflection.</summary>
    public static async Task WriteAsync(HttpContext http, HealthReport report)
    {
        http.Response.ContentType = "application/json";
        await using var json = new Utf8JsonWriter(http.Response.BodyWriter);
        json.WriteStartObject();
        json.WriteString("status", report.Status.ToString());
        foreach (var (name, value) in report.Entries.SelectMany(entry => entry.Value.Data))
        {
            json.WritePropertyName(name);
            if (value is int number)
            {
                json.WriteNumberValue(number);
            }
            else
            {
                json.WriteStringValue(value as string);
            }
        }

        json.WriteEndObject();
    }
}
