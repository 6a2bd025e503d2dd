namespace Microsoft.ML.Diffusion.Networks;

internal static class UNetBlockExtensions
{
    extension(UNetBlock block)
    {
        public bool HasAttention => block is UNetBlock.Attention or UNetBlock.AttentionResidualResampling;

        public bool ResamplesInBlock => block is UNetBlock.ResidualResampling or UNetBlock.AttentionResidualResampling;
    }
}
