using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training;

/// <summary>What a model file tells of the run that made it.</summary>
internal static class TrainingProvenance
{
    private static readonly JsonSerializerOptions _json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>Every option of a plain value, whichever there are: numbers, switches, enumerations and durations.</summary>
    /// <remarks>No text: an option of text is a path of the machine, which is nobody else's business and differs from run to run.</remarks>
    public static string Options(TrainingOptions options)
    {
        var values = new JsonObject();
        foreach (var property in typeof(TrainingOptions).GetProperties()
            .Where(IsPlain)
            .OrderBy(property => property.Name, StringComparer.Ordinal))
        {
            values[JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name)] =
                JsonSerializer.SerializeToNode(property.GetValue(options), property.PropertyType, _json);
        }

        return values.ToJsonString();
    }

    /// <summary>The versions of what trains on a device.</summary>
    public static string Versions(ComputeDevice device)
    {
        var engine = NetworkEngine.Library(device) is { } library ? $"{library}, " : "";
        return $"{AssemblyVersion.Of(typeof(TrainingProvenance))}, {AssemblyVersion.Of(typeof(MLContext))}, {engine}.NET {Environment.Version}";
    }

    private static bool IsPlain(PropertyInfo property)
    {
        var type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        return property.CanWrite && (type.IsPrimitive || type.IsEnum || type == typeof(TimeSpan) || type == typeof(decimal));
    }
}
