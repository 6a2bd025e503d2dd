using System.IO.Compression;
using System.Text;
using Microsoft.ML.Diffusion.Tests.Fixtures;

namespace Microsoft.ML.Diffusion.Tests.Contracts;

[TestClass]
public sealed class DamagedModelTests
{
    private static string _folder = "";
    private static string _model = "";

    [ClassInitialize]
    public static void SaveModel(TestContext context)
    {
        _folder = Directory.CreateTempSubdirectory("diffusion-").FullName;
        _model = Path.Combine(_folder, "model.zip");
        var mlContext = new MLContext(seed: 3);
        using var model =
            TinyModel.Train(TinyModel.Options with { Training = TinyModel.Options.Training with { NumberOfSteps = 1 } }, mlContext);
        mlContext.Model.Save(model, null, _model);
    }

    [ClassCleanup]
    public static void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestMethod]
    public void Load_FlippedBitInWeights_NamesTheTensor()
    {
        var error = LoadWith("weights.safetensors", bytes =>
        {
            bytes[^5] ^= 0x10;
            return bytes;
        });

        StringAssert.Matches(
            error,
            new(@"^weights\.safetensors: the bytes of '[a-z0-9_.]+' do not match their SHA-256 in config\.json\. The file is damaged: use another copy\.$"));
    }

    [TestMethod]
    public void Load_TruncatedWeights_SaysHowLongTheyAre()
    {
        var length = 0;
        var error = LoadWith("weights.safetensors", bytes => bytes[..((length = bytes.Length) - 7)]);

        Assert.AreEqual(
            $"The model's entry weights.safetensors has {length - 7} bytes, expected {length}. The file is damaged: use another copy.",
            error);
    }

    [TestMethod]
    public void Load_NewerFormat_SaysToUpdate()
    {
        var error = LoadWith("config.json", bytes => Replace(bytes, "\"format_version\": 3", "\"format_version\": 4"));

        Assert.AreEqual(
            "The model has format version 4, but this Microsoft.ML.Diffusion reads versions 1 to 3. Update the package to load it.",
            error);
    }

    [TestMethod]
    public void Load_ImpossibleOption_NamesIt()
    {
        var error = LoadWith("config.json", bytes => Replace(bytes, "\"norm_num_groups\": 4", "\"norm_num_groups\": 3"));

        Assert.AreEqual(
            "The model's config.json is damaged: base_channels, norm_num_groups: BaseChannels must be an even multiple of NumberOfNormalizationGroups (3), because every normalization splits the channels into that many groups. (Parameter 'BaseChannels')\nActual value was 8.",
            error.ReplaceLineEndings("\n"));
    }

    [TestMethod]
    [DataRow("\"variance_type\": \"fixed\"", "the variance type 'learned' is not known.")]
    [DataRow("\"variance_type\": \"fixed_small\"", "the sampler's variance type 'learned' is not known.")]
    public void Load_UnknownVarianceType_NamesIt(string entry, string reason)
    {
        var error = LoadWith("config.json", bytes => Replace(bytes, entry, "\"variance_type\": \"learned\""));

        Assert.AreEqual($"The model's config.json is damaged: {reason}", error);
    }

    [TestMethod]
    public void Load_ConfigFromBeforeLearnedVariances_IsReadOn()
    {
        var error =
            LoadWith("config.json", bytes => Replace(Replace(bytes, "v_prediction\",", "other\""), "\"variance_type\": \"fixed\"", ""));

        Assert.AreEqual("The model's config.json is damaged: the prediction type 'other' is not known.", error);
    }

    [TestMethod]
    [DataRow("\"timestep_spacing\": \"trailing\"", "\"timestep_spacing\": \"karras\"", "The timestep spacing 'karras' with 4 steps is not known.")]
    [DataRow("\"name\": \"ddim\"", "\"name\": \"plms\"", "the sampler 'plms' is not known.")]
    public void Load_UnknownSampler_NamesIt(string old, string replacement, string message)
    {
        var error = LoadWith("config.json", bytes => Replace(bytes, old, replacement));

        Assert.AreEqual("The model's config.json is damaged: " + message, error);
    }

    [TestMethod]
    public void Load_ConfigIsNotJson_SaysSo()
    {
        var error = LoadWith("config.json", _ => "{"u8.ToArray());

        StringAssert.StartsWith(error, "The model's config.json is damaged: ");
    }

    [TestMethod]
    public void Load_EntryMissing_NamesIt()
    {
        var error = LoadWith("weights.safetensors", _ => null);

        Assert.AreEqual("The model has no entry weights.safetensors. The file is damaged: use another copy.", error);
    }

    private static byte[] Replace(byte[] bytes, string old, string replacement)
    {
        var text = Encoding.UTF8.GetString(bytes);
        StringAssert.Contains(text, old);
        return Encoding.UTF8.GetBytes(text.Replace(old, replacement, StringComparison.Ordinal));
    }

    // Loads a copy of the model in which one entry is changed (or left out), and returns the reason for its refusal.
    private static string LoadWith(string entryName, Func<byte[], byte[]?> change)
    {
        var path = Path.Combine(_folder, $"{Guid.NewGuid():N}.zip");
        using (var source = ZipFile.OpenRead(_model))
        using (var target = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            foreach (var entry in source.Entries)
            {
                using var content = new MemoryStream();
                using (var stream = entry.Open())
                {
                    stream.CopyTo(content);
                }

                if ((entry.Name == entryName ? change(content.ToArray()) : content.ToArray()) is { } bytes)
                {
                    using var stream = target.CreateEntry(entry.FullName).Open();
                    stream.Write(bytes);
                }
            }
        }

        // ML.NET calls loaders by reflection, which wraps what they throw.
        var thrown = Assert.Throws<Exception>(() => new MLContext().Model.Load(path, out _));
        for (Exception? error = thrown; error is not null; error = error.InnerException)
        {
            if (error is FormatException)
            {
                return error.Message;
            }
        }

        throw new AssertFailedException($"Loading failed by no FormatException: {thrown}");
    }
}
