using Microsoft.ML.Diffusion.Runtime;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Microsoft.ML.Diffusion.Networks;

/// <summary>One learned vector of features for each class, and none for images without a class.</summary>
/// <remarks>TorchSharp's own Embedding keeps its weight in native code, where it cannot be made a view of the flat buffer.</remarks>
internal sealed class ClassEmbedding : nn.Module<Tensor, Tensor>
{
    private Parameter weight;

    public ClassEmbedding(int classes, int features)
        : base(nameof(ClassEmbedding))
    {
        weight = (Parameter)new Parameter(zeros(classes, features)).DetachFromDisposeScope();
        RegisterComponents();
    }

    public Parameter Weight
    {
        get => weight;
        set
        {
            weight.Dispose();
            weight = (Parameter)value.DetachFromDisposeScope();
            ConditionallyRegisterParameter(nameof(weight), weight);
        }
    }

    /// <summary>Labels, int64 [N], to features [N, F]; zero where the label is -1.</summary>
    public override Tensor forward(Tensor labels)
    {
        var isLabelled = labels.IsAbove(-1).to(weight.dtype).unsqueeze(1);
        return weight.index_select(0, labels.AtLeast(0)) * isLabelled;
    }
}
