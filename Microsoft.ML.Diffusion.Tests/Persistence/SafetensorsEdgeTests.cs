using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Diffusion.Persistence.Safetensors;
using Microsoft.ML.Diffusion.Tests.Golden;

namespace Microsoft.ML.Diffusion.Tests.Persistence;

/// <summary>The accept/reject table of <c>safetensors_edge/expected.json</c>, by each of the three ways to open a file.</summary>
[TestClass]
[TestCategory(TestCategories.Golden)]
public sealed class SafetensorsEdgeTests
{
    private const string Folder = "safetensors_edge";

    private static readonly JsonNode _expected = GoldenFolder.ReadJson($"{Folder}/expected.json");

    public static IEnumerable<object[]> MalformedFiles => Files("malformed");

    public static IEnumerable<object[]> ValidFiles => Files("valid");

    [TestMethod]
    [DynamicData(nameof(MalformedFiles))]
    public void Open_MalformedFile_IsRefused(string file)
    {
        var path = GoldenFolder.File($"{Folder}/{file}");
        var bytes = File.ReadAllBytes(path);

        var byPath = Assert.ThrowsExactly<FormatException>(() => SafetensorsFile.Open(path));
        var byMemory = Assert.ThrowsExactly<FormatException>(() => SafetensorsFile.FromMemory(bytes, path));
        var byStream = Assert.ThrowsExactly<FormatException>(() => SafetensorsFile.FromStream(new MemoryStream(bytes), path));

        Assert.AreEqual(byPath.Message, byMemory.Message);
        Assert.AreEqual(byPath.Message, byStream.Message);
    }

    [TestMethod]
    [DynamicData(nameof(MalformedFiles))]
    public void Open_MalformedFile_AllocatesLittle(string file)
    {
        var path = GoldenFolder.File($"{Folder}/{file}");
        var bytes = File.ReadAllBytes(path);
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.ThrowsExactly<FormatException>(() => SafetensorsFile.Open(path));
        Assert.ThrowsExactly<FormatException>(() => SafetensorsFile.FromStream(new MemoryStream(bytes), path));

        // The first piece of a stream is 64 KiB; the rest is two exceptions. The files promise up to 2^64 bytes.
        Assert.IsLessThan(512L << 10, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [TestMethod]
    [DynamicData(nameof(ValidFiles))]
    public void Open_ValidFile_GivesWhatIsExpected(string file)
    {
        var path = GoldenFolder.File($"{Folder}/{file}");
        var bytes = File.ReadAllBytes(path);
        var expected = Expected("valid", file);
        if (IsOptionalAndRefused(expected, path))
        {
            return;
        }

        using var byPath = SafetensorsFile.Open(path);
        using var byMemory = SafetensorsFile.FromMemory(bytes, path);
        using var byStream = SafetensorsFile.FromStream(new MemoryStream(bytes), path);

        Assert.AreEqual("", Difference(expected, byPath));
        Assert.AreEqual("", Difference(expected, byMemory));
        Assert.AreEqual("", Difference(expected, byStream));
    }

    [TestMethod]
    [DynamicData(nameof(ValidFiles))]
    public void WriteTo_TensorsOfValidFile_AreReadBackTheSame(string file)
    {
        if (IsOptionalAndRefused(Expected("valid", file), GoldenFolder.File($"{Folder}/{file}")))
        {
            return;
        }

        using var original = SafetensorsFile.Open(GoldenFolder.File($"{Folder}/{file}"));
        var writer = new SafetensorsWriter(original.Metadata);
        foreach (var tensor in original.Tensors)
        {
            writer.Add(tensor.Name, tensor.Type, tensor.Shape, tensor.Data.ToArray());
        }

        using var stream = new MemoryStream();
        writer.WriteTo(stream);

        using var copy = SafetensorsFile.FromMemory(stream.ToArray(), "copy");
        Assert.AreEqual("", Difference(Expected("valid", file), copy));
    }

    [TestMethod]
    [DataRow("metadata")]
    [DataRow("name")]
    [DataRow("dtype")]
    [DataRow("shape")]
    [DataRow("hex")]
    [DataRow("values")]
    public void Difference_OneExpectationChanged_IsSeen(string what)
    {
        var changed = 0;
        foreach (var file in ValidFiles.Select(row => (string)row[0]).Where(file =>
            !IsOptionalAndRefused(Expected("valid", file), GoldenFolder.File($"{Folder}/{file}"))))
        {
            using var actual = SafetensorsFile.Open(GoldenFolder.File($"{Folder}/{file}"));
            var expected = Expected("valid", file).DeepClone();
            if (Change(expected, what))
            {
                changed++;
                Assert.AreNotEqual("", Difference(expected, actual), file);
            }
        }

        Assert.IsGreaterThan(0, changed);
    }

    [TestMethod]
    public void Open_EveryOtherReferenceFile_IsAccepted()
    {
        var files = GoldenFolder.Files("*.safetensors").Where(file => !file.StartsWith(Folder, StringComparison.Ordinal)).ToArray();

        Assert.IsNotEmpty(files);
        foreach (var file in files)
        {
            using var opened = SafetensorsFile.Open(GoldenFolder.File(file));
            Assert.IsNotEmpty(opened.Tensors, file);
        }
    }

    [TestMethod]
    public void ExpectedTable_NamesEveryFile()
    {
        var named = MalformedFiles.Concat(ValidFiles).Select(row => $"{Folder}/{row[0]}").Order(StringComparer.Ordinal).ToArray();

        CollectionAssert.AreEqual(GoldenFolder.Files("*.safetensors", Folder).ToArray(), named);
    }

    /// <summary>Tells whether a file is refused for what the table calls optional.</summary>
    private static bool IsOptionalAndRefused(JsonNode expected, string path)
    {
        if (expected["expect"]!.GetValue<string>() != "ok_or_error")
        {
            return false;
        }

        try
        {
            SafetensorsFile.Open(path).Dispose();
            return false;
        }
        catch (FormatException)
        {
            return true;
        }
    }

    /// <summary>Describes the first difference; empty where there is none.</summary>
    private static string Difference(JsonNode expected, SafetensorsFile actual)
    {
        var metadata = expected["metadata"]?.AsObject() ?? [];
        if (!metadata.Select(pair => (pair.Key, pair.Value!.GetValue<string>()))
            .Order()
            .SequenceEqual(actual.Metadata.Select(pair => (pair.Key, pair.Value)).Order()))
        {
            return "metadata";
        }

        var tensors = expected["tensors"]!.AsObject();
        if (tensors.Count != actual.Tensors.Count)
        {
            return "count";
        }

        foreach (var (name, tensor) in tensors)
        {
            if (!actual.TryGetTensor(name, out var found))
            {
                return $"no {name}";
            }

            var floating = found.Type.IsFloatingPoint;
            if (tensor!["dtype"]!.GetValue<string>() != found.Type.ToString()
                || !tensor["shape"]!.AsArray().Select(dimension => dimension!.GetValue<long>()).SequenceEqual(found.Shape)
                || tensor["hex"]!.GetValue<string>() != Convert.ToHexStringLower(found.Data.ToArray())
                || !tensor["values"]!.AsArray().Select(value => Text(value!, floating)).SequenceEqual(Values(found)))
            {
                return name + " differs";
            }

            if (floating && !found.ToDoubles().Select(value => (float)value).SequenceEqual(found.ToSingles()))
            {
                return name + ": singles differ from doubles";
            }
        }

        return "";
    }

    private static IEnumerable<string> Values(SafetensorsTensor tensor) => tensor.Type switch
    {
        SafetensorsType.BOOL => tensor.Data.ToArray().Select(value => value == 0 ? "false" : "true"),
        SafetensorsType.U64 =>
            MemoryMarshal.Cast<byte, ulong>(tensor.Data.ToArray()).ToArray().Select(value => value.ToString(CultureInfo.InvariantCulture)),
        var type when type.IsInteger => tensor.ToInt64s().Select(value => value.ToString(CultureInfo.InvariantCulture)),
        _ => tensor.ToDoubles().Select(Text),
    };

    // The shortest text that reads back as the same double; it keeps the sign of zero.
    private static string Text(double value) => double.IsNaN(value) ? "nan" : value.ToString("R", CultureInfo.InvariantCulture);

    private static string Text(JsonNode value, bool floating) => (value.GetValueKind(), value.ToString()) switch
    {
        (JsonValueKind.String, "nan") => Text(double.NaN),
        (JsonValueKind.String, "inf") => Text(double.PositiveInfinity),
        (JsonValueKind.String, "-inf") => Text(double.NegativeInfinity),
        (_, var text) => floating ? Text(double.Parse(text, CultureInfo.InvariantCulture)) : text,
    };

    private static bool Change(JsonNode expected, string what)
    {
        if (what == "metadata")
        {
            expected["metadata"] = new JsonObject { ["made"] = "up" };
            return true;
        }

        var tensors = expected["tensors"]!.AsObject();
        if (!tensors.Any(pair => pair.Value!["values"]!.AsArray().Count > 0))
        {
            return false;
        }

        var (name, tensor) = tensors.First(pair => pair.Value!["values"]!.AsArray().Count > 0);
        switch (what)
        {
            case "name":
                tensors.Remove(name);
                tensors["another " + name] = tensor;
                break;
            case "dtype":
                tensor!["dtype"] = "another";
                break;
            case "shape":
                tensor!["shape"]!.AsArray().Add(1L);
                break;
            case "hex":
                var hex = tensor!["hex"]!.GetValue<string>();
                tensor["hex"] = hex[..^1] + (hex[^1] == '0' ? '1' : '0');
                break;
            case "values":
                var first = tensor!["values"]!.AsArray();
                first[0] = first[0]!.ToString() == "1" ? 2 : 1;
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(what), what, "There is no such expectation.");
        }

        return true;
    }

    private static IEnumerable<object[]> Files(string list) =>
        _expected[list]!.AsArray().Select(entry => new object[] { entry!["file"]!.GetValue<string>() });

    private static JsonNode Expected(string list, string file) =>
        _expected[list]!.AsArray().Single(entry => entry!["file"]!.GetValue<string>() == file)!;
}
