using System.Text;
using CsCheck;
using Microsoft.ML.Diffusion.Images;
using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Persistence.ModelFile;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Runtime;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>What is written is read again, whatever it is; and what is read at all is written again as it was.</summary>
[TestClass]
public sealed class RoundTripProperties
{
    private const int Cases = 300;
    private const string Seed = "0000KYe7bkI2"; // the cases are the same in every run

    private static readonly Gen<string> _name = Gen.String.Where(text => text.All(c => !char.IsSurrogate(c)) && text != "__metadata__");

    private static readonly Gen<(string Name, int[] Shape, float[] Values)> _tensor =
        from name in _name
        from shape in Gen.Int[0, 4].Array[0, 4]
        from values in Gen.Float.Array[shape.Aggregate(1, (product, size) => product * size)]
        select (name, shape, values);

    [TestMethod]
    public void Safetensors_AnyTensors_AreReadAsWritten() => _tensor.Array[0, 5].Where(tensors => tensors.DistinctBy(tensor => tensor.Name).Count() == tensors.Length).Sample(tensors =>
    {
        var writer = new SafetensorsWriter(new Dictionary<string, string>());
        foreach (var (name, shape, values) in tensors)
        {
            writer.Add(
                name,
                SafetensorsType.F32,
                [.. shape.Select(size => (long)size)],
                System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }

        using var content = new MemoryStream();
        writer.WriteTo(content);
        using var file = SafetensorsFile.FromMemory(content.ToArray(), "property");
        return file.Tensors.Count == tensors.Length && tensors.All(tensor =>
            file[tensor.Name].Shape.SequenceEqual(tensor.Shape.Select(size => (long)size))
            && file[tensor.Name].ToSingles()
                .Select(BitConverter.SingleToInt32Bits)
                .SequenceEqual(tensor.Values.Select(BitConverter.SingleToInt32Bits)));
    }, seed: Seed, iter: Cases, threads: 1);

    [TestMethod]
    public void Config_AnyOptions_AreReadAsWritten() => Gen.Select(Gen.Int[1, 16], Gen.Int[1, 3].Array[1, 4], Gen.Int[1, 3], Gen.Int[1, 1000], Gen.Double[0, 1], Gen.Double[0, 20]).Select(
        (groups, multipliers, blocks, timesteps, eta, scale) => (groups, multipliers, blocks, timesteps, eta, scale)).Sample(values =>
    {
        var (groups, multipliers, blocks, timesteps, eta, scale) = values;
        var network =
            new UNetOptions
            {
                BaseChannels = 2 * groups,
                NumberOfNormalizationGroups = groups,
                ChannelMultipliers = multipliers,
                NumberOfResidualBlocks = blocks,
                AttentionResolutions = [],
            };
        var description =
            new ModelDescription(
                new ImageShape(3, 16, 16),
                network,
                NoiseSchedule.Linear(timesteps),
                PredictionType.Epsilon,
                ModelVariance.Fixed,
                ["a", "\"b\"\n"]);
        var generation =
            new GenerationOptions
            {
                Sampler = new DdimSampler(timesteps, eta),
                GuidanceScale = scale,
                GuidanceRescale = 1 - eta,
                GuidanceSigmaMin = scale,
                GuidanceSigmaMax = eta < 0.5 ? scale + 1 : double.PositiveInfinity,
                Seed = long.MinValue,
            };
        var config = new ModelConfig
        {
            FormatVersion = ModelConfig.CurrentFormatVersion,
            StreamsVersion = 1,
            Library = "property",
            Unet = ModelConfigMapping.ToConfig(description),
            Scheduler = ModelConfigMapping.ToSchedulerConfig(description),
            Sampler = SamplerConfigMapping.ToConfig(generation),
            Columns = new ColumnConfig("Generated", "Image", null, "\u2028"),
            Training = new TrainingSummary(1, 2, 3, double.NaN, 4, 5.5, 6) { Options = "{\"a\":[1,null]}", Versions = "versions" },
            Weights = [new WeightFileConfig("weights.safetensors", 1L << 40, new() { ["a"] = "0" }, "1")],
        };

        var (json, run) = config.ToJson();
        var read = ModelConfig.FromJson(json, run);
        var again = read.ToJson();

        return json.AsSpan().SequenceEqual(again.Config) && run.AsSpan().SequenceEqual(again.Run)
            && RecordText.Of(read.Training!) == RecordText.Of(config.Training)
            && SamplerConfigMapping.ToOptions(read.Sampler, description) == generation
            && ModelConfigMapping.ToDescription(read).ToString() == description.ToString();
    }, seed: Seed, iter: Cases, threads: 1);

    [TestMethod]
    public void AnyBytes_ThatAreNoSafetensors_AreRefusedByFormatException() => Gen.Byte.Array[0, 200].Sample(bytes =>
    {
        try
        {
            using var file = SafetensorsFile.FromMemory(bytes, "property");
            return true;
        }
        catch (FormatException)
        {
            return true;
        }
    }, seed: Seed, iter: Cases, threads: 1);

    [TestMethod]
    public void AnyText_ThatIsNoConfig_IsRefusedByFormatException() => Gen.String.Sample(text =>
    {
        try
        {
            ModelConfig.FromJson(Encoding.UTF8.GetBytes($"{{\"format_version\":2,\"training\":{text}}}"));
            return false;
        }
        catch (FormatException)
        {
            return true;
        }
    }, seed: Seed, iter: Cases, threads: 1);
}
