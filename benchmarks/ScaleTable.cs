using System.Globalization;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>The tables of <see cref="ScaleModel"/>, as docs/scale-out.md has them.</summary>
internal static class ScaleTable
{
    private const double Images = 1e9;

    private static readonly int[] _gpus = [8, 64, 1024];
    private static readonly int[] _gigabits = [25, 200, 400];

    /// <summary>Training, by how gradients are summed.</summary>
    /// <param name="onHost">As <see cref="ScaleModel.Exchange"/>.</param>
    public static IEnumerable<string> Training(bool onHost)
    {
        yield return $"| weights | GPUs | step of one GPU | {string.Join(" | ", _gigabits.Select(gigabits => $"{gigabits} Gb/s"))} |";
        yield return $"| --- | --- | --- | {string.Join(" | ", _gigabits.Select(_ => "---"))} |";
        foreach (var network in ScaledNetwork.All)
        {
            foreach (var gpus in _gpus)
            {
                var cells = _gigabits.Select(gigabits => gigabits * 1e9 / 8).Select(bytes =>
                    $"{Milliseconds(ScaleModel.Exposed(network, gpus, bytes, onHost))}, {Text($"{100 * ScaleModel.Efficiency(network, gpus, bytes, onHost):F0} %")}");
                yield return Text($"| {network.Name} | {gpus:N0} | {Milliseconds(ScaleModel.Compute(network))} | {string.Join(" | ", cells)} |");
            }
        }
    }

    /// <summary>Generating a billion images by shards.</summary>
    public static IEnumerable<string> Shards()
    {
        yield return $"| weights | images | {string.Join(" | ", _gpus.Select(gpus => Text($"on {gpus:N0} GPUs")))} | on disk |";
        yield return $"| --- | --- | {string.Join(" | ", _gpus.Select(_ => "---"))} | --- |";
        foreach (var network in ScaledNetwork.All)
        {
            var hours = _gpus.Select(gpus => Time(ScaleModel.Hours(network, gpus, Images)));
            yield return Text($"| {network.Name} | {network.Side}x{network.Side} | {string.Join(" | ", hours)} | {ScaleModel.Stored(network, Images) / 1e12:F1} TB |");
        }
    }

    /// <summary>Prints all.</summary>
    public static void Print()
    {
        foreach (var network in ScaledNetwork.All)
        {
            Console.WriteLine(Text($"{network.Name}: {network.Plan.NumberOfParameters:N0} weights, {network.Operations / 1e9:F1} GFLOP for a prediction, {network.ImagesOfGpu} images on each GPU"));
        }

        foreach (var (title, table) in new[] { ("Training by MPI", Training(onHost: true)), ("Training by NCCL", Training(onHost: false)), ("10^9 images by shards", Shards()) })
        {
            Console.WriteLine($"\n{title}:\n{string.Join('\n', table)}");
        }
    }

    private static string Milliseconds(double seconds) => Text($"{1000 * seconds:N0} ms");

    private static string Time(double hours) => hours < 10 ? Text($"{hours:F1} hours") : hours < 72 ? Text($"{hours:N0} hours") : Text($"{hours / 24:N0} days");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
