using System.Diagnostics;
using System.Runtime.Intrinsics;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Benchmarks;

/// <summary>How fast normal noise is drawn: the library's streams, at each width of vectors, beside libtorch's <c>normal_</c>.</summary>
internal static class NoiseSpeed
{
    private const int Images = 128;
    private const int NumbersOfImage = 3 * 32 * 32;

    /// <summary>Prints million numbers a second, the best of several rounds.</summary>
    public static void Print()
    {
        using var generator = new Generator(1);
        using var whole = empty(Images, NumbersOfImage);
        var numbers = new float[NumbersOfImage];
        var stream = new RandomNumbers(RandomStream.TrainingNoise, seed: 1);
        var key = RandomStream.TrainingNoise.Key(1);

        Console.WriteLine($"libtorch normal_, a batch at once   {Speed(() => whole.normal_(generator: generator)):F0}");
        Console.WriteLine($"streams, image by image             {Speed(EachImage(i => stream.Normals(i, 0, numbers))):F0}");
        Console.WriteLine(
            $"one number at a time                {Speed(EachImage(i => Blocks(i).Normals<OneLane, uint, float>(numbers))):F0}");
        Console.WriteLine(
            $"four                                {Speed(EachImage(i => Blocks(i).Normals<FourLanes, Vector128<uint>, Vector128<float>>(numbers))):F0}");
        Console.WriteLine(
            $"eight                               {Speed(EachImage(i => Blocks(i).Normals<EightLanes, Vector256<uint>, Vector256<float>>(numbers))):F0}");
        Console.WriteLine(
            $"sixteen                             {Speed(EachImage(i => Blocks(i).Normals<SixteenLanes, Vector512<uint>, Vector512<float>>(numbers))):F0}");

        RandomBlocks Blocks(int image) => new(key, (ulong)image, 0);
    }

    private static Action EachImage(Action<int> draw) => () =>
    {
        for (var i = 0; i < Images; i++)
        {
            draw(i);
        }
    };

    private static double Speed(Action batch)
    {
        batch();
        return Enumerable.Range(0, 40).Max(_ =>
        {
            var clock = Stopwatch.StartNew();
            batch();
            return Images * NumbersOfImage / clock.Elapsed.TotalSeconds / 1e6;
        });
    }
}
