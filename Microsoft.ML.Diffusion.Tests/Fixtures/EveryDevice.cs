using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Runtime;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>
/// What computes networks, for tests that must hold of each: this library's engine, libtorch on the processor and, in the category
/// <see cref="TestCategories.Gpu"/>, libtorch on a graphics card, skipped where there is none.
/// </summary>
public static class EveryDevice
{
    private static readonly Lazy<string?> _lackOfCuda = new(FindLackOfCuda);

    /// <summary>The devices, by the option's names.</summary>
    public static IEnumerable<TestDataRow<string>> Names => Rows(device => device);

    /// <summary>Those that take a training step twice alike, bit by bit: a card adds up gradients in any order.</summary>
    public static IEnumerable<TestDataRow<string>> Processors => [new("cpu"), new("torch")];

    /// <summary>Each device with each value.</summary>
    public static IEnumerable<TestDataRow<(string Device, T Value)>> With<T>(IEnumerable<T> values) =>
        values.SelectMany(value => Rows(device => (device, value)));

    /// <summary>
    /// Lets a card multiply in the whole of single precision until the result is disposed, in place of TF32, which rounds factors to 10 bits:
    /// for comparisons with numbers of other programs. Other devices always do. It holds for the whole process: classes that ask for it
    /// run alone, by <see cref="DoNotParallelizeAttribute"/>.
    /// </summary>
    public static IDisposable Exactly(string device)
    {
        var isCard = Of(device).Kind == DeviceKind.Cuda;
        Allow(!isCard);
        return new Ending(() => Allow(true));

        void Allow(bool rounding)
        {
            if (isCard)
            {
                (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (rounding, rounding);
            }
        }
    }

    internal static ComputeDevice Of(string name) => DeviceChoice.Resolve(new MLContext(), name);

    private static IEnumerable<TestDataRow<T>> Rows<T>(Func<string, T> row) =>
    [
        new(row("cpu")),
        new(row("torch")),
        new(row("cuda")) { TestCategories = [TestCategories.Gpu], IgnoreMessage = _lackOfCuda.Value },
    ];

    private static string? FindLackOfCuda()
    {
        try
        {
            return Of("cuda").Kind == DeviceKind.Cuda ? null : "The device \"cuda\" is another.";
        }
        catch (ArgumentOutOfRangeException lack)
        {
            return lack.Message.Split('\n')[0];
        }
    }

    private sealed class Ending(Action end) : IDisposable
    {
        public void Dispose() => end();
    }
}
