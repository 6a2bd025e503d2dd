using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Microsoft.ML.Diffusion.Model;

/// <summary>Keeps a JSON value as its text, on one line, so that two equal ones are equal strings.</summary>
internal sealed class JsonTextConverter : JsonConverter<string>
{
    public override string Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var value = JsonDocument.ParseValue(ref reader);
        var text = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(text))
        {
            value.RootElement.WriteTo(writer); // the serializer would need reflection, which is off in applications that are trimmed
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    public override void Write(Utf8JsonWriter writer, string value, JsonSerializerOptions options)
    {
        using var parsed = JsonDocument.Parse(value);
        parsed.RootElement.WriteTo(writer);
    }
}
