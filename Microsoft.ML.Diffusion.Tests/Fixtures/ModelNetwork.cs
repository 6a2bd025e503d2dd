using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Tests.Fixtures;

/// <summary>The network of a model that the test alone holds, and so without keeping a share of it.</summary>
internal static class ModelNetwork
{
    extension(DiffusionModel model)
    {
        public UNet Network
        {
            get
            {
                using var share = model.Use();
                return share.Value;
            }
        }
    }
}
