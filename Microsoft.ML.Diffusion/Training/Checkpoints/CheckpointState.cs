using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>Where a run stands, besides its tensors. Batches, noise and rates follow from the seed and the step.</summary>
/// <param name="Seed">The seed of the run.</param>
/// <param name="Step">Steps done.</param>
/// <param name="Meter">What the next report goes on from.</param>
/// <param name="Validation">What validation has found.</param>
internal sealed record CheckpointState(long Seed, int Step, MeterState Meter, ValidationState Validation)
{
    private const int MaximumValues = 100;

    private static readonly JsonSerializerOptions _json = new()
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
    };

    public string ToJson() => JsonSerializer.Serialize(this, _json);

    /// <exception cref="FormatException">The text is not such a state.</exception>
    public static CheckpointState FromJson(string json)
    {
        try
        {
            JsonSize.Check(Encoding.UTF8.GetBytes(json), MaximumValues);
            return JsonSerializer.Deserialize<CheckpointState>(json, _json) ?? throw new FormatException("The state is empty.");
        }
        catch (JsonException e)
        {
            throw new FormatException($"The state cannot be read: {e.Message}", e);
        }
    }
}
