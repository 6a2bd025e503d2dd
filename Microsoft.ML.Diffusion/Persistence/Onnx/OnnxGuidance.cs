using Microsoft.ML.Diffusion.DiffusionProcess;
using Microsoft.ML.Diffusion.Images;

namespace Microsoft.ML.Diffusion.Persistence.Onnx;

/// <summary>Writes what <see cref="ClassifierFreeGuidance"/> computes: two predictions in one network call, where they are joined.</summary>
/// <param name="graph">Where to.</param>
/// <param name="shape">The images.</param>
/// <param name="outChannels">Channels of a prediction; those beyond the images' are the class's.</param>
/// <param name="isPushed">Whether this call is guided, bool without dimensions.</param>
/// <param name="scale">How far, without dimensions.</param>
/// <param name="rescale">phi of Lin et al. 2023, 0..1.</param>
internal sealed class OnnxGuidance(OnnxGraph graph, ImageShape shape, int outChannels, string isPushed, string scale, double rescale)
{
    /// <summary>Writes what the network is called with: where the call is guided, all images twice, the second time without a class.</summary>
    /// <param name="x">[N, C, H, W].</param>
    /// <param name="labels">int64 [N].</param>
    public (string X, string Labels) Before(string x, string labels)
    {
        var (twice, once) = (new OnnxGraph("twice"), new OnnxGraph("once"));
        Finish(twice, twice.Joined(x, x, 0), twice.Joined(labels, twice.Op("Min", [labels, twice.Integer(-1)]), 0));
        Finish(once, x, labels);
        var joined = graph.Ops("If", [isPushed], 2, OnnxAttribute.Of("then_branch", twice), OnnxAttribute.Of("else_branch", once));
        return (joined[0], joined[1]);

        void Finish(OnnxGraph branch, string images, string classes)
        {
            branch.Output(images, branch.NameOf("x"), OnnxType.Float, default, shape.Channels, shape.Height, shape.Width);
            branch.Output(classes, branch.NameOf("labels"), OnnxType.Int64, default(OnnxDimension));
        }
    }

    /// <summary>Writes the prediction, [N, C or more, H, W], of what the network said.</summary>
    public string After(string output)
    {
        var (guided, plain) = (new OnnxGraph("guided"), new OnnxGraph("plain"));
        Finish(guided, Guided(guided, output));
        Finish(plain, output);
        return graph.Op("If", [isPushed], OnnxAttribute.Of("then_branch", guided), OnnxAttribute.Of("else_branch", plain));

        void Finish(OnnxGraph branch, string prediction) =>
            branch.Output(prediction, branch.NameOf("prediction"), OnnxType.Float, default, outChannels, shape.Height, shape.Width);
    }

    // unlabelled + scale (labelled - unlabelled).
    private string Guided(OnnxGraph branch, string output)
    {
        var halves = branch.Ops("Split", [output], 2, OnnxAttribute.Of("axis", 0));
        var (labelled, unlabelled, rest) = (halves[0], halves[1], "");
        if (outChannels > shape.Channels)
        {
            var parts = branch.Ops("Split", [labelled], 2, OnnxAttribute.Of("axis", 1));
            (labelled, rest) = (parts[0], parts[1]);
            unlabelled = branch.Ops("Split", [unlabelled], 2, OnnxAttribute.Of("axis", 1))[0];
        }

        var guided = branch.Sum(unlabelled, branch.Product(scale, branch.Difference(labelled, unlabelled)));
        guided = rescale > 0 ? branch.Product(guided, Rescaling(branch, guided, labelled)) : guided;
        return rest.Length > 0 ? branch.Joined(guided, rest, 1) : guided;
    }

    // phi times the deviation that is wanted over that which is found, the rest as it is; 1 where there is none.
    private string Rescaling(OnnxGraph branch, string guided, string labelled)
    {
        var (wanted, found) = (Deviation(branch, labelled), Deviation(branch, guided));
        var ratio = branch.Op(
            "Where",
            [branch.Op("Greater", [found, branch.Number(0)]), branch.Ratio(wanted, found), branch.Number(1)]);
        return branch.Sum(branch.Product(ratio, branch.Number(rescale)), branch.Number(1 - rescale));
    }

    private static string Deviation(OnnxGraph branch, string x)
    {
        string Mean(string y) => branch.Op("ReduceMean", [y], OnnxAttribute.Of("axes", [1, 2, 3]));
        var centered = branch.Difference(x, Mean(x));
        return branch.Op("Sqrt", [Mean(branch.Product(centered, centered))]);
    }
}
