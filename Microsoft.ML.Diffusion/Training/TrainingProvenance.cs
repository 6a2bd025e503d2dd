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

    /// <summary>Every option of a plain value, whichever there are: numbers, switches, enumerations and durations; and those of validation and augmentation.</summary>
    /// <remarks>No text: an option of text is a path of the machine, which is nobody else's business and differs from run to run.</remarks>
    public static string Options(TrainingOptions options) => Values(options).ToJsonString();

    /// <summary>The versions of what trains on a device.</summary>
    public static string Versions(ComputeDevice device)
    {
        var engine = NetworkEngine.Library(device) is { } library ? $"{library}, " : "";
        return $"{AssemblyVersion.Of(typeof(TrainingProvenance))}, {AssemblyVersion.Of(typeof(MLContext))}, {engine}.NET {Environment.Version}";
    }

    private static JsonObject Values(object options) => new(
        from property in options.GetType().GetProperties().OrderBy(property => property.Name, StringComparer.Ordinal)
        where property.CanWrite && (IsPlain(property.PropertyType) || IsGroup(property.PropertyType))
        select KeyValuePair.Create(JsonNamingPolicy.SnakeCaseLower.ConvertName(property.Name), Value(property, options)));

    private static JsonNode? Value(PropertyInfo property, object options) => property.GetValue(options) switch
    {
        { } group when IsGroup(property.PropertyType) => Values(group),
        var value => JsonSerializer.SerializeToNode(value, property.PropertyType, _json),
    };

    private static bool IsPlain(Type type)
    {
        var value = Nullable.GetUnderlyingType(type) ?? type;
        return value.IsPrimitive || value.IsEnum || value == typeof(TimeSpan);
    }

    private static bool IsGroup(Type type) => type == typeof(ValidationOptions) || type == typeof(AugmentationOptions);
}
