namespace Diffusion.Tool.Playground.Learning;

/// <summary>What a page asks to be shown.</summary>
internal sealed record LearnRequest
{
    /// <summary>Gets the index of the model.</summary>
    public int Model { get; init; }

    /// <summary>Gets the image's file.</summary>
    public byte[]? Image { get; init; }

    /// <summary>Gets the index of the class; <see langword="null"/> for none.</summary>
    public int? Class { get; init; }

    /// <summary>Gets the seed of all noise.</summary>
    public long Seed { get; init; }

    /// <summary>Gets the timestep that the image is noised to, 0..T-1.</summary>
    public int Timestep { get; init; }

    /// <summary>Gets how many timesteps a step goes down, at least 1; beyond the last it ends at the image.</summary>
    public int Stride { get; init; } = 1;

    /// <summary>Gets the share of DDPM's noise, 0..1.</summary>
    public double Eta { get; init; }

    /// <summary>Gets the steps of a run, 1..T.</summary>
    public int Steps { get; init; } = 50;
}
