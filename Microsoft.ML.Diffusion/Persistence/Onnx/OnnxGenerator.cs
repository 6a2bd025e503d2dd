using Microsoft.ML.Diffusion.Model;
using Microsoft.ML.Diffusion.Networks;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

internal static class OnnxGenerator
{
    public static OnnxGraph Write(ModelDescription model, UNetPlan plan, Func<NetworkWeights> weights, GenerationOptions options) =>
        throw new NotSupportedException($"{model} {plan} {weights} {options}");
}
