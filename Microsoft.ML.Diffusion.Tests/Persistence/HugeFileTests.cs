using System.Text.Json;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Fixtures;
using Microsoft.ML.Diffusion.Training.Checkpoints;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>Files that say that there is a lot are refused in a second, for twice their size and 16 MiB.</summary>
[TestClass]
public sealed class HugeFileTests : DiffusersFolderCopy
{
    private const long Allowance = 16 << 20;

    private readonly MLContext _context = new(seed: 1);

    [TestMethod]
    public void Model_OfMuch_IsRefusedForLittle()
    {
        var path = PathOf("model.zip");
        foreach (var (name, zip) in HugeFiles.Models())
        {
            File.WriteAllBytes(path, zip);
            foreach (var read in (Action[])[() => _context.Diffusion.InspectModel(path), () => _context.Diffusion.LoadDiffusionModel(path).Dispose()])
            {
                if (Bounded.Run((2L * zip.Length) + Allowance, read, name) is { } error)
                {
                    Assert.IsInstanceOfType<FormatException>(error, name);
                }
                else
                {
                    Assert.IsTrue(!_context.Diffusion.InspectModel(path).HashesMatch || name is "unknown keys", $"{name} is read");
                }
            }
        }
    }

    [TestMethod]
    public void Model_OfAsManyEntriesAsThereMayBe_IsReadForLittle()
    {
        var path = PathOf("model.zip");
        var zip = SavedModel.Write([.. SavedModel.Read(File.ReadAllBytes(SavedModel.Chain)), .. Enumerable.Range(0, 4000).Select(i => ($"a/{i}", new byte[] { 1 }))]);
        File.WriteAllBytes(path, zip);

        Assert.IsNull(Bounded.Run((2L * zip.Length) + Allowance, () => _context.Diffusion.InspectModel(path), "inspection"));
    }

    [TestMethod]
    public void InspectModel_WeightsListedTwice_AreRefusedByName()
    {
        File.WriteAllBytes(PathOf("model.zip"), HugeFiles.Models().First(model => model.Name == "the same weights").Zip);

        Messages.Expect<FormatException>(
            $"The model {PathOf("model.zip")} cannot be used: The model's config.json is damaged: a file of weights is listed twice.",
            () => _context.Diffusion.InspectModel(PathOf("model.zip")));
    }

    [TestMethod]
    public void Weights_OfMuch_AreRefusedForLittle()
    {
        var path = PathOf("huge.safetensors");
        foreach (var (name, bytes) in HugeFiles.Weights())
        {
            File.WriteAllBytes(path, bytes);
            foreach (var open in (Func<SafetensorsFile>[])[
                () => SafetensorsFile.Open(path),
                () => SafetensorsFile.FromMemory(bytes, name),
                () => SafetensorsFile.FromStream(new MemoryStream(bytes), name)])
            {
                Assert.IsInstanceOfType<FormatException>(Bounded.Run((2L * bytes.Length) + Allowance, () => open().Dispose(), name), name);
            }
        }
    }

    [TestMethod]
    public void Weights_OfAsManyTensorsAsThereMayBe_AreReadForLittle()
    {
        var bytes = HugeFiles.Safetensors(SafetensorsHeader.MaximumTensors);

        Assert.IsNull(Bounded.Run((2L * bytes.Length) + Allowance, () => SafetensorsFile.FromMemory(bytes, "file").Dispose(), "reading"));
    }

    [TestMethod]
    public void Diffusers_OfMuch_IsRefusedForLittle()
    {
        File.WriteAllText(PathOf("model_index.json"), """{ "_class_name": "DDPMPipeline" }""");
        foreach (var (file, key, value) in HugeFiles.Diffusers())
        {
            var before = File.ReadAllText(PathOf(file));
            Change(file, config => config[key] = "HERE");
            File.WriteAllText(PathOf(file), File.ReadAllText(PathOf(file)).Replace("\"HERE\"", value, StringComparison.Ordinal));
            var error = Bounded.Run(
                (2 * new FileInfo(PathOf(file)).Length) + Allowance,
                () => _context.Diffusion.InspectDiffusers(Folder),
                $"{file}: {key}");
            Assert.IsTrue(error is FormatException or NotSupportedException, $"{file}: {key}: {error}");
            File.WriteAllText(PathOf(file), before);
        }
    }

    [TestMethod]
    public void Checkpoint_OfMuch_IsRefusedForLittle()
    {
        var text = JsonSerializer.Serialize(Enumerable.Range(0, 100_000).ToDictionary(i => $"{i}", _ => ""));
        var state = "{\"Seed\":1,\"Step\":1,\"Meter\":{\"More\":" + text + "},\"Validation\":{}}";

        Assert.IsInstanceOfType<FormatException>(Bounded.Run((2L * text.Length) + Allowance, () => RunIdentity.FromJson(text), "identity"));
        Assert.IsInstanceOfType<FormatException>(Bounded.Run((2L * text.Length) + Allowance, () => CheckpointState.FromJson(state), "state"));
    }
}
