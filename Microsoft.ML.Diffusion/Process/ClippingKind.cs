namespace Microsoft.ML.Diffusion;

/// <summary>The kinds of <see cref="Clipping"/>.</summary>
internal enum ClippingKind
{
    None,
    Static,
    Dynamic,
}
