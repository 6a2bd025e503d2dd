using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>Dropout that draws from the training step's own generator, so that a run repeats without touching the global one.</summary>
internal sealed class SeededDropout(double probability)
{
    /// <summary>Where masks come from; set by the training loop for the step at hand.</summary>
    public Generator? Generator { get; set; }

    public Tensor Apply(Tensor x, bool training)
    {
        if (!training || probability == 0)
        {
            return x;
        }

        // Generators exist on the CPU only; elsewhere the device's own dropout is used, and repeats only if the device's generator does.
        if (Generator is null || x.device_type != TorchSharp.DeviceType.CPU)
        {
            return nn.functional.dropout(x, probability);
        }

        using var keep = empty_like(x).detach().bernoulli_(1 - probability, Generator);
        return x * keep.div_(1 - probability);
    }
}
