using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>Every number of every configuration, with values that people and their scripts write by mistake: good, or refused by name.</summary>
[TestClass]
public sealed class NumericKeyTests : DiffusersFolderCopy
{
    private const long MaximumBytes = 32 << 20;

    private static readonly string[] _values = ["0", "-1", "1", "2000000000", "NaN"];

    // What a model only remembers of its training.
    private static readonly string[] _notes = ["images", "steps", "final_loss", "skipped_steps"];

    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    [DataRow("config.json", "sample_size,in_channels,out_channels,layers_per_block,attention_head_dim,norm_num_groups,norm_eps,dropout,mid_block_scale_factor,attn_norm_num_groups,time_embedding_dim,freq_shift,downsample_padding,num_class_embeds,num_train_timesteps,block_out_channels[],sample_size[]")]
    [DataRow("scheduler_config.json", "num_train_timesteps,beta_start,beta_end,clip_sample_range,dynamic_thresholding_ratio,sample_max_value,steps_offset,_num_inference_steps,_eta,trained_betas[]")]
    public void Diffusers_AnyNumber_IsTakenOrRefusedByName(string file, string keys)
    {
        WriteScheduler("""{ "_class_name": "DDIMScheduler", "num_train_timesteps": 20 }""");
        var good = File.ReadAllText(PathOf(file));
        foreach (var key in keys.Split(','))
        {
            foreach (var value in _values)
            {
                var name = key.TrimEnd('[', ']');
                Change(file, config => config[name] = "HERE");
                if (key is "dynamic_thresholding_ratio" or "sample_max_value")
                {
                    Change(file, config => config["thresholding"] = true);
                }

                var written = name == key ? value : $"[{value}, {value}]";
                File.WriteAllText(PathOf(file), File.ReadAllText(PathOf(file)).Replace("\"HERE\"", written, StringComparison.Ordinal));
                var refusal = Bounded.Run(MaximumBytes, () => _context.Diffusion.InspectDiffusers(Folder), $"{key} = {value}");
                Assert.IsTrue(IsNamed(refusal, name), $"{key} = {value}: {refusal}");
                var failure = Bounded.Run(MaximumBytes, LoadAndDispose, $"{key} = {value}");
                Assert.IsTrue(failure is null or FormatException or NotSupportedException, $"{key} = {value}: {failure}");
                Assert.IsTrue(refusal is null || failure?.Message == refusal.Message, $"{key} = {value}: {refusal}, then {failure}");
                File.WriteAllText(PathOf(file), good);
            }
        }
    }

    [TestMethod]
    public void Model_AnyNumber_IsTakenAndGeneratesOrIsRefusedByName()
    {
        var path = PathOf("model.zip");
        var zip = File.ReadAllBytes(SavedModel.ChainOf(3));
        var config = JsonNode.Parse(SavedModel.Read(zip).Single(entry => entry.Name.EndsWith("config.json", StringComparison.Ordinal)).Content)!;
        foreach (var (key, value) in new (string, JsonNode)[] { ("sigma_max", 80), ("guidance_rescale", 0), ("guidance_sigma_min", 0), ("guidance_sigma_max", 100) })
        {
            config["sampler"]![key] = value;
        }

        var numbers = Numbers(config).ToList();
        Assert.IsGreaterThan(40, numbers.Count);
        var wrong = new List<string>();
        foreach (var (parent, place, key) in numbers)
        {
            var before = parent is JsonArray list ? list[(int)place] : parent[(string)place];
            foreach (var value in _values)
            {
                Set(parent, place, value == "NaN" ? "NaN" : JsonNode.Parse(value));
                File.WriteAllBytes(path, SavedModel.With(zip, "/config.json", _ => JsonSerializer.SerializeToUtf8Bytes(config)));
                var refusal = Bounded.Run(MaximumBytes, () => _context.Diffusion.InspectModel(path), $"{key} = {value}");
                var failure = _notes.Contains(key) ? null : Bounded.Run(MaximumBytes, () => LoadAndGenerate(path), $"{key} = {value}");
                wrong.AddRange(IsNamed(refusal, key) ? [] : [$"{key} = {value}: {refusal!.Message}"]);
                wrong.AddRange(failure is null or FormatException ? [] : [$"{key} = {value} is loaded: {failure.Message}"]);
            }

            Set(parent, place, before?.DeepClone());
        }

        Assert.AreEqual("", string.Join('\n', wrong));
    }

    private static void Set(JsonNode parent, object place, JsonNode? value)
    {
        if (place is int index)
        {
            parent[index] = value;
        }
        else
        {
            parent[(string)place] = value;
        }
    }

    // Numbers, and nothing where a number may be, each with the key that it is under.
    private static IEnumerable<(JsonNode Parent, object Place, string Key)> Numbers(JsonNode node, string key = "") => node switch
    {
        JsonObject parent when key != "options" => parent.ToList().SelectMany(child => IsNumber(child.Value, child.Key)
            ? [(parent, (object)child.Key, child.Key)]
            : child.Value is null ? [] : Numbers(child.Value, child.Key)),
        JsonArray list => list.ToList().SelectMany((child, i) => IsNumber(child, "") ? [(list, (object)i, key)] : Numbers(child!, key)),
        _ => [],
    };

    private static bool IsNumber(JsonNode? node, string key) => node is null
        ? key is "attention_head_dim" or "attn_norm_num_groups" or "time_embedding_dim" or "karras_rho" or "sigma_min"
        : node.GetValueKind() == JsonValueKind.Number;

    private static bool IsNamed(Exception? refusal, string key) => refusal is null
        || (refusal is FormatException or NotSupportedException
            && refusal.Message.Replace("format version", "format_version", StringComparison.Ordinal).Contains(key, StringComparison.Ordinal));

    private void LoadAndGenerate(string path)
    {
        using var model = _context.Diffusion.LoadDiffusionModel(path);
        Array.ForEach(model.Generate(1), image => image.Dispose());
    }
}
