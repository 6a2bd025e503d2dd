using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Files that say that there is a lot, most of them in little space.</summary>
internal static class HugeFiles
{
    /// <summary>Model zips by what there is much of.</summary>
    public static IEnumerable<(string Name, byte[] Zip)> Models()
    {
        yield return ("the same weights", WithWeights(Enumerable.Repeat("weights.safetensors", 100)));
        yield return ("entries", With([.. Enumerable.Range(0, 100_000).Select(i => ($"a/{i}", Array.Empty<byte>()))]));
        yield return ("entries beside their number", Uncounted(100_000));
        yield return ("weights", WithWeights(Enumerable.Range(0, 100_000).Select(i => FormattableString.Invariant($"weights-{i % 100_000:D5}-of-99999.safetensors"))));
        yield return ("tensors", WithConfig(config => config["weights"]![0]!["sha256"] = Object(100_000)));
        yield return ("attention resolutions", WithConfig(config => config["unet"]!["attention_resolutions"] = Numbers(1_000_000)));
        yield return ("levels", WithConfig(config => config["unet"]!["channel_multipliers"] = Numbers(1_000_000)));
        yield return ("levels, as many as a text may have", WithConfig(config => config["unet"]!["channel_multipliers"] = Numbers(99_000)));
        yield return ("level channels", WithConfig(config => config["unet"]!["block_out_channels"] = Numbers(99_000)));
        yield return ("class names", WithConfig(config => config["unet"]!["class_names"] = Texts(99_000)));
        yield return ("a class name", WithConfig(config => config["unet"]!["class_names"]![0] = new string('a', 2_900_000)));
        yield return ("betas", WithConfig(config => config["scheduler"]!["trained_betas"] = Numbers(99_000)));
        yield return ("timesteps", WithConfig(config => config["scheduler"]!["num_train_timesteps"] = 1_000_000));
        yield return ("steps", WithConfig(config => config["sampler"]!["num_inference_steps"] = 1_000_000));
        yield return ("unknown keys", WithConfig(config => config["more"] = Object(100_000)));
        yield return ("letters", WithConfig(config => config["library"] = new string('a', 20_000_000)));
        yield return ("run", SavedModel.With(Good, "run.json", _ => Encoding.UTF8.GetBytes(Object(100_000).ToJsonString())));
        yield return ("tensors of the weights", SavedModel.With(Good, "weights.safetensors", _ => Safetensors(100_000)));
        yield return ("texts of the weights", SavedModel.With(Good, "weights.safetensors", _ => WithTexts(100_000)));
    }

    /// <summary>Files of weights by what there is much of.</summary>
    public static IEnumerable<(string Name, byte[] File)> Weights()
    {
        yield return ("tensors", Safetensors(100_000));
        yield return ("texts", WithTexts(1_000_000));
        yield return ("sizes", Header("{\"a\":{\"dtype\":\"U8\",\"shape\":" + Numbers(1_000_000).ToJsonString() + ",\"data_offsets\":[0,1]}}", 1));
        yield return ("letters", Header("{\"" + new string('a', 16_000_000) + "\":{\"dtype\":\"U9\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1));
    }

    /// <summary>Values of a key of diffusers' configurations, as JSON.</summary>
    public static IEnumerable<(string File, string Key, string Value)> Diffusers()
    {
        yield return ("config.json", "block_out_channels", Numbers(250_000).ToJsonString());
        yield return ("config.json", "block_out_channels", Numbers(20_000).ToJsonString());
        yield return ("config.json", "down_block_types", Texts(20_000).ToJsonString());
        yield return ("config.json", "sample_size", Numbers(250_000).ToJsonString());
        yield return ("config.json", "_class_names", Texts(100_000).ToJsonString());
        yield return ("config.json", "num_class_embeds", "2000000000");
        yield return ("config.json", "more", Object(60_000).ToJsonString());
        yield return ("scheduler_config.json", "trained_betas", Numbers(250_000).ToJsonString());
        yield return ("scheduler_config.json", "num_train_timesteps", "1000000");
        yield return ("model_index.json", "unet", Texts(100_000).ToJsonString());
    }

    /// <summary>A safetensors file of so many tensors of no bytes.</summary>
    public static byte[] Safetensors(int tensors) => Header(
        $"{{{string.Join(',', Enumerable.Range(0, tensors).Select(i => $"\"{i}\":{{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}"))}}}",
        0);

    private static byte[] WithTexts(int texts) => Header($"{{\"__metadata__\":{Object(texts).ToJsonString()}}}", 0);

    private static byte[] Good => File.ReadAllBytes(SavedModel.ChainOf(3));

    private static byte[] With(IEnumerable<(string Name, byte[] Content)> more) => SavedModel.Write([.. SavedModel.Read(Good), .. more]);

    private static byte[] WithConfig(Action<JsonNode> change) => SavedModel.With(Good, "config.json", json =>
    {
        var config = JsonNode.Parse(json)!;
        change(config);
        return JsonSerializer.SerializeToUtf8Bytes(config);
    });

    private static byte[] WithWeights(IEnumerable<string> names) => WithConfig(config =>
        config["weights"] = new JsonArray([.. names.Select(name => (JsonNode)new JsonObject
        {
            ["file"] = name,
            ["bytes"] = 60648,
            ["sha256"] = new JsonObject(),
        })]));

    private static JsonArray Numbers(int count) => new([.. Enumerable.Range(0, count).Select(_ => (JsonNode)1)]);

    private static JsonArray Texts(int count) => new([.. Enumerable.Range(0, count).Select(_ => (JsonNode)"")]);

    private static JsonObject Object(int count) => new(
        Enumerable.Range(0, count).Select(i => KeyValuePair.Create(i.ToString(CultureInfo.InvariantCulture), (JsonNode?)"")));

    // The end of the zip says that there are ten.
    private static byte[] Uncounted(int entries)
    {
        var zip = SavedModel.Write(Enumerable.Range(0, entries).Select(i => (i.ToString("X", CultureInfo.InvariantCulture), Array.Empty<byte>())));
        var end = zip.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        var large = zip.AsSpan().LastIndexOf("PK\u0006\u0006"u8);
        BinaryPrimitives.WriteUInt16LittleEndian(zip.AsSpan(end + 8), 10);
        BinaryPrimitives.WriteUInt16LittleEndian(zip.AsSpan(end + 10), 10);
        if (large >= 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(zip.AsSpan(large + 24), 10);
            BinaryPrimitives.WriteInt64LittleEndian(zip.AsSpan(large + 32), 10);
        }

        return zip;
    }

    private static byte[] Header(string json, int data)
    {
        var header = Encoding.UTF8.GetBytes(json);
        return [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[data]];
    }
}
