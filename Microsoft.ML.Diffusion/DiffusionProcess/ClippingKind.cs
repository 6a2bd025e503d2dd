namespace Microsoft.ML.Diffusion.DiffusionProcess;

/// <summary>The kinds of <see cref="Clipping"/>.</summary>
internal enum ClippingKind
{
    None,
    Static,
    Dynamic,
}
