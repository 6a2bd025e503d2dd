using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Persistence.Diffusers;
using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>Tests that each have a folder of diffusers of their own, to load or to break.</summary>
public abstract class DiffusersFolderCopy
{
    private protected const string Weights = DiffusersWeights.FileName;

    private protected string Folder { get; private set; } = "";

    public TestContext TestContext { get; set; } = null!;

    [TestInitialize]
    public void Copy()
    {
        Folder = Path.Combine(TestContext.TestRunDirectory!, Guid.NewGuid().ToString("N"));
        Directory.CreateDirectory(Folder);
        foreach (var file in new[] { "config.json", Weights })
        {
            File.Copy(Path.Combine(AppContext.BaseDirectory, "Golden", "data", "unet_diffusers_legacy_attn_names", file), PathOf(file));
        }

        WriteScheduler("""{ "_class_name": "DDPMScheduler", "num_train_timesteps": 20, "variance_type": "fixed_large" }""");
    }

    [TestCleanup]
    public void Delete() => Directory.Delete(Folder, recursive: true);

    private protected DiffusionTransformer Load(DiffusersOptions? options = null) =>
        new MLContext(seed: 1).Diffusion.LoadDiffusers(Folder, (options ?? new()) with { Device = "cpu" });

    private protected void LoadAndDispose() => Load().Dispose();

    private protected string PathOf(string file) => Path.Combine(Folder, file);

    private protected void WriteScheduler(string json) => File.WriteAllText(PathOf("scheduler_config.json"), json);

    private protected void Change(string file, Action<JsonNode> change)
    {
        var config = JsonNode.Parse(File.ReadAllText(PathOf(file)))!;
        change(config);
        File.WriteAllText(PathOf(file), config.ToJsonString());
    }

    private protected void Rewrite(Action<string, SafetensorsTensor, SafetensorsWriter> add)
    {
        var writer = new SafetensorsWriter();
        using (var file = SafetensorsFile.Open(PathOf(Weights)))
        {
            foreach (var tensor in file.Tensors)
            {
                add(tensor.Name, tensor, writer);
            }
        }

        using var stream = File.Create(PathOf(Weights));
        writer.WriteTo(stream);
    }
}
