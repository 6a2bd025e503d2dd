using Microsoft.ML.Diffusion.Persistence.Safetensors;

namespace Microsoft.ML.Diffusion.Training.Checkpoints;

/// <summary>Numbers that a checkpoint holds under a name.</summary>
/// <param name="Name">The name.</param>
/// <param name="Type">What they are.</param>
/// <param name="Shape">How many; empty for one number.</param>
/// <param name="Content">Hands over their bytes, the same whenever it is asked.</param>
internal sealed record CheckpointNumbers(string Name, SafetensorsType Type, long[] Shape, SafetensorsContent Content)
{
    /// <summary>An array.</summary>
    public static CheckpointNumbers Of<T>(string name, T[] numbers)
        where T : unmanaged =>
        new(name, NumberBytes.Type<T>(), [numbers.Length], write => NumberBytes.Read<T>(numbers, write));

    /// <summary>One number.</summary>
    public static CheckpointNumbers Of<T>(string name, T number)
        where T : unmanaged =>
        new(name, NumberBytes.Type<T>(), [], write => NumberBytes.Read<T>([number], write));
}
