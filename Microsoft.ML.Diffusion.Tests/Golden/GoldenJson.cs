using System.Text.Json.Nodes;

namespace Microsoft.ML.Diffusion.Tests.Golden;

/// <summary>Short ways to read a configuration, whose missing keys take the peer's defaults.</summary>
internal static class GoldenJson
{
    public static int Int(this JsonNode node, string key) => node[key]!.GetValue<int>();

    public static int Int(this JsonNode node, string key, int missing) => node[key]?.GetValue<int>() ?? missing;

    public static double Number(this JsonNode node, string key, double missing) => node[key]?.GetValue<double>() ?? missing;

    public static bool Flag(this JsonNode node, string key, bool missing) => node[key]?.GetValue<bool>() ?? missing;

    public static string Text(this JsonNode node, string key, string missing = "") => node[key]?.GetValue<string>() ?? missing;

    public static double[] Numbers(this JsonNode node, string key) =>
        [.. node[key]!.AsArray().Select(number => number!.GetValue<double>())];

    public static int[] Ints(this JsonNode node, string key) => [.. node[key]!.AsArray().Select(number => number!.GetValue<int>())];
}
